import { LovageError } from "@lovage/foundation";
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
