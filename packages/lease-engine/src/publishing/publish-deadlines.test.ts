import { LovageError } from "@lovage/foundation";
import { expect, it } from "vitest";

import { engineBench, hang, messageOf, outcomeOf, unavailable } from "../test-support/engine-bench.ts";

it("calls of different deadlines in one batch time out each at its own, with nothing done in between", async () => {
  const { connection, store, clock } = await engineBench();
  const gate = Promise.withResolvers<void>();
  store.next("publish", () => gate.promise);
  store.next("publish", hang);
  const first = connection.publish([messageOf("first")]);
  const short = outcomeOf(connection.publish([messageOf("short")], { timeoutMs: 5_000 }));
  const long = outcomeOf(connection.publish([messageOf("long")], { timeoutMs: 60_000 }));
  gate.resolve();
  await first;
  // A timer that finds nothing to do, and starts itself again, would end the clock's patience.
  await clock.advance(5_000);
  expect([short.state, long.state]).toEqual(["PUBLISH_TIMEOUT", "pending"]);
  await clock.advance(54_000);
  expect(long.state).toBe("pending");
  await clock.advance(1_000);
  expect(long.state).toBe("PUBLISH_TIMEOUT");
  await connection.close();
});

it("a call that ends while it is tried again tells what kept it before, and that it may have been accepted", async () => {
  const { connection, store, clock } = await engineBench();
  const cause = new LovageError("locked by another", { code: "STORE_BUSY", retryable: true });
  store.next("publish", () => {
    throw cause;
  });
  store.next("publish", hang);
  const failing = connection.publish([messageOf("a")]).catch((error: unknown) => error);
  await clock.advance(30_000);
  expect(await failing).toMatchObject({
    code: "PUBLISH_TIMEOUT",
    message: expect.stringMatching(/may have been accepted.*locked by another/u) as string,
    cause,
  });
  await connection.close();
});

it("a call to an exchange that cannot be read while the connection is lost goes out once it is back, before those behind it", async () => {
  const exchange = { name: "news", type: "direct" } as const;
  const bound = { exchange, bindings: [{ exchange: "news", routingKey: "", queue: "q" }] };
  let isAway = true;
  const read = async (): Promise<typeof bound> => (isAway ? unavailable() : bound);
  for (const publishesApart of [false, true]) {
    isAway = true;
    const bindings = { bind: async () => {}, read };
    const { connection, clock, store, states } = await engineBench({ facts: { publishesApart }, bindings });
    store.always("open", () => (isAway ? unavailable() : undefined));
    const news = messageOf("1", { to: { exchange: "news", routingKey: "" } });
    const calls = [connection.publish([news]), connection.publish([messageOf("2")])].map(outcomeOf);
    await clock.advance(5_000);
    expect([...calls.map(({ state }) => state), ...states]).toEqual(["pending", "pending", "reconnecting"]);
    isAway = false;
    await clock.advance(10_000);
    expect([...calls.map(({ state }) => state), ...states]).toEqual(["resolved", "resolved", "reconnecting", "open"]);
    expect(store.published.map(({ properties }) => properties.messageId)).toEqual(["1", "2"]);
    await connection.close();
  }
});
