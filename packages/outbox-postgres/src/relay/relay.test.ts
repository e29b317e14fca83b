import type { PostgresClient, PostgresStatement } from "@lovage/client-postgres";
import { silentLog, virtualClock } from "@lovage/foundation";
import { encodeFrame } from "@lovage/lease-engine";
import type { Connection, Message } from "@lovage/transport";
import { expect, onTestFinished, test } from "vitest";

import { outboxSettings } from "../options.ts";
import { outboxStatements } from "../statements.ts";
import { Relay } from "./relay.ts";

const message: Message = {
  headers: {},
  properties: { messageId: "m", contentType: "text/plain", contentEncoding: "utf-8" },
  body: new Uint8Array(1),
};
/** The lead is ours. */
const leading = [null, null, null, null, "1", null];

test("a connection that is lost again while the tables are looked at is sought again", async () => {
  const clock = virtualClock();
  let revivals = 0;
  const client = {
    isPolling: false,
    schema: "s",
    listen: async () => () => {},
    revive: async () => void (revivals += 1),
    query: async ({ text }: PostgresStatement) => {
      // Another relay leads, for ten more seconds.
      if (text.includes("outbox_take")) return [[null, null, "10000", null, "0", null]];
      if (text.includes("pg_class") && revivals === 1) relay.lost();
      return [["t"]];
    },
  } as unknown as PostgresClient;
  const relay = new Relay({
    database: { client, statements: outboxStatements("s"), clock, log: silentLog },
    connection: {} as Connection,
    component: { name: "outbox", steps: [] },
    settings: outboxSettings("postgres://localhost/db", {}),
  });
  onTestFinished(() => relay.close(0));
  await relay.start();
  relay.lost();
  await clock.advance(60_000);
  expect(revivals).toBe(2);
});

test("what has had its time is removed while there is always something to publish, and a sweep that fails holds up no call", async () => {
  const clock = virtualClock();
  const calls = { take: 0, sweep: 0, published: 0 };
  const frame = `\\x${Buffer.from(encodeFrame(message)).toString("hex")}`;
  const query = async ({ text }: PostgresStatement): Promise<unknown[]> => {
    await clock.sleep(10);
    if (text.includes("outbox_take")) return [[String((calls.take += 1)), '"q"', null, null, "0", frame], leading];
    if (!text.includes("outbox_sweep")) return [["0"]];
    calls.sweep += 1;
    if (calls.sweep === 3) throw new Error("It could not be done.");
    return [[calls.sweep === 1 ? "1000" : "0"]];
  };
  const client = { isPolling: false, schema: "s", listen: async () => () => {}, query } as unknown as PostgresClient;
  const relay = new Relay({
    database: { client, statements: outboxStatements("s"), clock, log: silentLog },
    connection: {
      declare: async () => {},
      publish: async () => void (calls.published += 1),
    } as unknown as Connection,
    component: { name: "outbox", steps: [] },
    settings: outboxSettings("postgres://localhost/db", {}),
  });
  onTestFinished(async () => {
    const closed = relay.close(0);
    await clock.advance(100);
    await closed;
  });
  await relay.start();
  await clock.advance(150_000);
  // Twice at once, since there was more; and then once a minute.
  expect(calls.sweep).toBe(4);
  expect(calls.published).toBeGreaterThan(7_000);
});
