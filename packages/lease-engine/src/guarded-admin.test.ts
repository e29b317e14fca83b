import { silentLog } from "@lovage/foundation";
import { TransportBusyError } from "@lovage/transport";
import { expect, test } from "vitest";

import { engineBench, unavailable } from "./test-support/engine-bench.ts";

function putOff(): never {
  throw new TransportBusyError("It takes too long to count.");
}

test("a question that the store puts off is no loss of the connection, and is told to whoever asked alone", async () => {
  const told: string[] = [];
  const log = { ...silentLog, warn: (text: string) => void told.push(text) };
  const { connection, store, states } = await engineBench({ log });
  Object.assign(store.admin, { inspect: async () => putOff() });
  await expect(connection.admin.inspect(["q"])).rejects.toMatchObject({ code: "TRANSPORT_BUSY" });
  expect([states, told]).toEqual([[], []]);
  await connection.close();
});

test("questions that find the store unavailable begin a reconnection, once in half a lease at most", async () => {
  const { connection, store, states, clock } = await engineBench();
  Object.assign(store.admin, { inspect: async () => unavailable() });
  for (let question = 0; question < 10; question += 1) {
    await expect(connection.admin.inspect(["q"])).rejects.toMatchObject({ code: "TRANSPORT_UNAVAILABLE" });
    await clock.advance(100);
  }
  expect(states).toEqual(["reconnecting", "open"]);
  await clock.advance(1_000);
  await connection.admin.inspect(["q"]).catch(() => {});
  expect(connection.state).toBe("reconnecting");
  await connection.close();
});
