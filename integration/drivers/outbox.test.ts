import { Freezer, leaseHarness, stressTransport, testTransport } from "@lovage/conformance";
import { silentLog, systemClock } from "@lovage/foundation";
import { leaseSettings, openLeaseConnection } from "@lovage/lease-engine";
import { openOutbox } from "@lovage/outbox-postgres";
import type { Connection } from "@lovage/transport";
import { afterAll, describe, it } from "vitest";
import { MemoryStore } from "../../packages/transport-memory/src/memory-store.ts";
import { describeOwnServer } from "../services/describe-own-server.ts";
import { beginOn } from "./postgres/begin-on.ts";
import { dropSchema } from "./postgres/drop-schema.ts";
import { postgresServer } from "./postgres/postgres-server.ts";

const pace = { leaseMs: 1_500, sweepMs: 100 };

// The promises of the broker behind it are the outbox's too, and it has transactions.
describeOwnServer("postgres", (start) => {
  const server = postgresServer(start);
  let places = 0;
  const make = async () => {
    places += 1;
    const schema = `case ${places}`;
    const { url } = server();
    const open = async (relay: boolean, freezer: Freezer = new Freezer(systemClock)): Promise<Connection> => {
      const broker = await openLeaseConnection({
        store: freezer.wrap(new MemoryStore(schema, systemClock)),
        opening: { clock: freezer.clock, log: silentLog, name: "outbox" },
        settings: leaseSettings({ lease: pace.leaseMs, sweep: pace.sweepMs }),
      });
      return await openOutbox({ broker, url, schema, poolSize: 2, relay });
    };
    // A program of its own, so to say: the cases freeze and kill the others.
    const relay = await open(true);
    return leaseHarness({
      clock: systemClock,
      ...pace,
      transacts: true,
      begin: () => beginOn(url),
      open: (freezer) => open(false, freezer),
      close: async () => {
        await relay.close();
        await dropSchema(url, schema);
      },
    });
  };
  const suite = { runner: { afterAll, describe, it }, name: "outbox", make };
  testTransport({ ...suite, concurrent: true });
  stressTransport({ ...suite, rounds: 1, parallel: 8 });
});
