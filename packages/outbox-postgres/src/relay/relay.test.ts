import type { PostgresClient, PostgresStatement } from "@lovage/client-postgres";
import { silentLog, virtualClock } from "@lovage/foundation";
import type { Connection } from "@lovage/transport";
import { expect, onTestFinished, test } from "vitest";

import { outboxSettings } from "../options.ts";
import { outboxStatements } from "../statements.ts";
import { Relay } from "./relay.ts";

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
