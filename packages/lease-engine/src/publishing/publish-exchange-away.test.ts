import { TransportBusyError } from "@lovage/transport";
import { describe, expect, it } from "vitest";

import type { BindingStore } from "../store.ts";
import { engineBench, messageOf, outcomeOf, type EngineBench } from "../test-support/engine-bench.ts";

const news = (id: string): ReturnType<typeof messageOf> =>
  messageOf(id, { to: { exchange: "news", routingKey: "all" } });

/** A bench whose exchange is on a node that is away. */
async function awayBench(): Promise<EngineBench & { readonly reads: () => number; isAway: boolean }> {
  const exchange = { name: "news", type: "direct" } as const;
  const bench = { isAway: true };
  let reads = 0;
  const read = async (): ReturnType<BindingStore["read"]> => {
    reads += 1;
    if (bench.isAway) throw new TransportBusyError("Its node is away.");
    return { exchange, bindings: [{ exchange: "news", routingKey: "all", queue: "q" }] };
  };
  const bindings = { bind: async () => {}, read };
  const opened = await engineBench({ facts: { publishesApart: true }, bindings });
  return Object.assign(bench, opened, { reads: () => reads });
}

describe("publishing to an exchange that is put off", () => {
  it("asks again until it is told, and keeps nobody else waiting", async () => {
    const bench = await awayBench();
    const { connection, clock, store, states } = bench;
    const put = outcomeOf(connection.publish([news("1")]));
    await connection.publish([messageOf("2")], { timeoutMs: 100 });
    await clock.advance(10_000);
    expect([put.state, states]).toEqual(["pending", []]);
    expect(bench.reads()).toBeLessThan(20);
    bench.isAway = false;
    await clock.advance(2_000);
    expect(put.state).toBe("resolved");
    expect(store.published.map(({ properties }) => properties.messageId)).toEqual(["2", "1"]);
    await connection.close();
    expect(clock.pending).toBe(0);
  });

  it("tells at its deadline, or when the connection is closed, why it was not sent", async () => {
    const { connection, clock, store } = await awayBench();
    const timed = outcomeOf(connection.publish([news("1")], { timeoutMs: 3_000 }));
    await clock.advance(2_999);
    expect(timed.state).toBe("pending");
    await clock.advance(1);
    expect(timed.state).toBe("TRANSPORT_BUSY");
    const closed = outcomeOf(connection.publish([news("2")]));
    const closing = connection.close({ graceMs: 500 });
    await clock.advance(1_000);
    await closing;
    expect([closed.state, store.published, clock.pending]).toEqual(["CLOSED", [], 0]);
  });
});
