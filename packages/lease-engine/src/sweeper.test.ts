import { describe, expect, it } from "vitest";

import { engineBench } from "./test-support/engine-bench.ts";

describe("sweeping", () => {
  it("happens only while something is consumed, and by the strictest consumer of a queue", async () => {
    const { connection, consume, store, clock } = await engineBench();
    await connection.declare({ queues: [{ name: "r" }] });
    await clock.advance(5_000);
    expect(store.callsOf("sweep")).toEqual([]);
    const first = await consume({ maxDeliveries: 5 });
    await consume({ queue: "q.dead", maxDeliveries: 1 });
    await clock.advance(600);
    expect(store.callsOf("sweep").slice(0, 3)).toEqual([
      [["q"], 4],
      [["r"], 2],
      [["q.dead"], 1],
    ]);
    await first.close();
    await clock.advance(600);
    expect(store.callsOf("sweep").at(-2)).toEqual([["q", "r"], 2]);
    await connection.close();
  });

  it("goes on at once while steps are full", async () => {
    const { connection, consume, store, clock } = await engineBench();
    let left = 5;
    const sweep = store.sweep.bind(store);
    store.sweep = async (request) => {
      await sweep(request);
      left -= 1;
      return { recovered: 1_000, more: left > 0 };
    };
    await consume();
    await clock.advance(110);
    expect(store.callsOf("sweep").length).toBe(5);
    await connection.close();
  });
});
