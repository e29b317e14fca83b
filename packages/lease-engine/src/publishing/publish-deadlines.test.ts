import { expect, it } from "vitest";

import { engineBench, hang, messageOf, outcomeOf } from "../test-support/engine-bench.ts";

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
