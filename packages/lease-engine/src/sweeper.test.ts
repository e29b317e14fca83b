import { TransportBusyError } from "@lovage/transport";
import { describe, expect, it } from "vitest";

import { engineBench, hang } from "./test-support/engine-bench.ts";

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

  it("lets a queue that cannot be swept keep from it only those that are swept by the same rule", async () => {
    const { connection, consume, store, clock } = await engineBench();
    await connection.declare({ queues: [{ name: "r" }] });
    await consume({ maxDeliveries: 5 });
    await consume({ queue: "r", maxDeliveries: 2 });
    store.always("sweep", (queues) => {
      if ((queues as string[]).includes("q")) throw new TransportBusyError("Its node is away.");
    });
    store.put("r", ["a"]);
    store.always("extend", hang);
    await clock.advance(10);
    const [item] = store.leased.values();
    item!.leaseEndsAtMs = 0;
    await clock.advance(600);
    expect([item!.losses, connection.state]).toEqual([1, "open"]);
    store.always("sweep", undefined);
    const closing = connection.close();
    await clock.advance(2_000);
    await closing;
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
