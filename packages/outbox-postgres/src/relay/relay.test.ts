import { CheckedSchema, SchemaPlace, type PostgresClient, type PostgresStatement } from "@lovage/client-postgres";
import { silentLog, virtualClock, type VirtualClock } from "@lovage/foundation";
import { encodeFrame } from "@lovage/lease-engine";
import { TransportRejectedError, type Connection, type Message } from "@lovage/transport";
import { expect, onTestFinished, test } from "vitest";

import { outboxSettings } from "../options.ts";
import { placeFunctions } from "../schema/outbox-schema.ts";
import { outboxStatements } from "../statements.ts";
import { Relay } from "./relay.ts";

const message: Message = {
  headers: {},
  properties: { messageId: "m", contentType: "text/plain", contentEncoding: "utf-8" },
  body: new Uint8Array(1),
};
const tables = new CheckedSchema({ component: { name: "outbox", steps: [] }, migrates: true });
const frame = `\\x${Buffer.from(encodeFrame(message)).toString("hex")}`;
/** The lead is ours. */
const leading = [null, null, null, null, null, "1", null];

interface RelayScene {
  /** What the database answers. */
  readonly query: (statement: PostgresStatement, values: readonly unknown[]) => Promise<unknown[]>;
  readonly revive?: () => Promise<void>;
  /** Told of what is run on the connection for notifications. */
  readonly onLifeline?: (sql: string) => void;
  /** What the broker says to a publication. */
  readonly publish?: () => Promise<void>;
  readonly clock?: VirtualClock;
}

/** A relay that has begun; it is closed at the end of the test. */
async function startRelay(scene: RelayScene): Promise<{ readonly relay: Relay; readonly clock: VirtualClock }> {
  const { query, revive, onLifeline, publish = async () => {}, clock = virtualClock() } = scene;
  const client = {
    isPolling: false,
    schema: "s",
    listen: async () => () => {},
    onLifeline: async (sql: string) => onLifeline?.(sql),
    query,
    revive,
  } as unknown as PostgresClient;
  const relay = new Relay({
    database: {
      client,
      tables,
      place: new SchemaPlace(() => client, "s", placeFunctions),
      statements: outboxStatements("s"),
      clock,
      log: silentLog,
    },
    connection: { declare: async () => {}, publish } as unknown as Connection,
    settings: outboxSettings("postgres://localhost/db", {}),
  });
  onTestFinished(async () => {
    const closed = relay.close(0);
    await clock.advance(100);
    await closed;
  });
  await relay.start();
  return { relay, clock };
}

test("a connection that is lost again while the tables are looked at is sought again", async () => {
  let revivals = 0;
  const { relay, clock } = await startRelay({
    revive: async () => void (revivals += 1),
    query: async ({ text }) => {
      // Another relay leads, for ten more seconds.
      if (text.includes("outbox_take")) return [[null, null, null, "10000", null, "0", null]];
      if (text.includes("pg_class") && revivals === 1) relay.lost();
      return [["t"]];
    },
  });
  relay.lost();
  await clock.advance(60_000);
  expect(revivals).toBe(2);
});

test("what has had its time is removed while there is always something to publish, and a sweep that fails holds up no call", async () => {
  const clock = virtualClock();
  const calls = { take: 0, sweep: 0, published: 0 };
  await startRelay({
    clock,
    publish: async () => void (calls.published += 1),
    query: async ({ text }) => {
      await clock.sleep(10);
      if (text.includes("outbox_take"))
        return [[String((calls.take += 1)), "5", '"q"', null, null, "0", frame], leading];
      if (!text.includes("outbox_sweep")) return [["0"]];
      calls.sweep += 1;
      if (calls.sweep === 3) throw new Error("It could not be done.");
      return [[calls.sweep === 1 ? "1000" : "0"]];
    },
  });
  await clock.advance(150_000);
  // Twice at once, since there was more; and then once a minute.
  expect(calls.sweep).toBe(4);
  expect(calls.published).toBeGreaterThan(7_000);
});

test("a leader that has nothing to do looks soon, since a call may be written and not committed, and then now and then", async () => {
  let looks = 0;
  const { clock } = await startRelay({
    query: async ({ text }) => {
      if (!text.includes("outbox_take")) return [["0"]];
      looks += 1;
      return [leading];
    },
  });
  await clock.advance(500);
  expect(looks).toBe(5);
  looks = 0;
  await clock.advance(20_000);
  expect(looks).toBeGreaterThan(5);
  expect(looks).toBeLessThan(15);
});

test("a leader is to be told of calls while it has none, looks once it will be told, and is not to be told while it always has some", async () => {
  const events: string[] = [];
  const found = [false, true, true, true, true];
  const { clock } = await startRelay({
    onLifeline: (sql) => events.push(/pg_advisory_\w+/u.exec(sql)?.[0] ?? ""),
    query: async ({ text }) => {
      if (!text.includes("outbox_take")) return [["0"]];
      const finds = found.shift() ?? false;
      events.push(finds ? "finds" : "finds nothing");
      return finds ? [["7", "5", '"q"', null, null, "0", frame], leading] : [leading];
    },
  });
  await clock.advance(10);
  const arms = ["finds nothing", "pg_advisory_lock_shared", "pg_advisory_lock"];
  expect(events.slice(0, 7)).toEqual([...arms, "finds", "finds", "finds", "pg_advisory_unlock_shared"]);
  expect(events.slice(7)).toEqual(["finds", ...arms, "finds nothing"]);
});

test("the refusal of a call is recorded whatever its text holds", async () => {
  const settled: (readonly unknown[])[] = [];
  const { clock } = await startRelay({
    publish: () => Promise.reject(new TransportRejectedError("no such\0thing")),
    query: async ({ text }, values) => {
      if (text.includes("outbox_take")) {
        return settled.length > 0 ? [leading] : [["7", "5", '"q"', null, null, "0", frame], leading];
      }
      if (text.includes("outbox_settle")) settled.push(values);
      return [["0"]];
    },
  });
  await clock.advance(100);
  expect(settled).toEqual([["{}", "{}", "{7}", "{5}", ["TRANSPORT_REJECTED: no such\uFFFDthing"], 20]]);
});
