import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";

import type { TransportHarness } from "@lovage/conformance";
import { silentLog, systemClock } from "@lovage/foundation";
import { leaseSettings, openLeaseConnection } from "@lovage/lease-engine";
import { TransportUnavailableError, type Connection } from "@lovage/transport";

import { SqliteStore } from "../store.ts";
import { GatedStore } from "./gated-store.ts";

const leaseMs = 2_000;
const sweepMs = 100;

/** A file of its own; each connection is a store of its own, as in another process. */
export async function sqliteHarness(): Promise<TransportHarness> {
  const directory = mkdtempSync(join(tmpdir(), "lovage-sqlite-"));
  const path = join(directory, "queue.db");
  const gates = new Map<Connection, GatedStore>();
  const gateOf = (connection: Connection): GatedStore => {
    const gate = gates.get(connection);
    if (gate === undefined) throw new Error("This connection is not one of the harness.");
    return gate;
  };
  return {
    clock: systemClock,
    leaseMs,
    sweepMs,
    controls: {
      crash: (connection) => gateOf(connection).crash(),
      freeze: async (connection) => {
        gateOf(connection).freeze();
        return async () => gateOf(connection).thaw();
      },
      stall: async (connection) => {
        gateOf(connection).freeze();
        return async () => gateOf(connection).thaw();
      },
      cut: async (connection) => gateOf(connection).cut(new TransportUnavailableError("The link was cut.")),
      restart: async ({ withData }) => {
        // There is no broker to stop: its connections break, and for an empty one the file is another.
        if (!withData) for (const ending of ["", "-wal", "-shm"]) rmSync(`${path}${ending}`, { force: true });
        for (const gate of gates.values()) gate.cut(new TransportUnavailableError("The broker was restarted."));
      },
    },
    open: async () => {
      const settings = leaseSettings({ lease: leaseMs, sweep: sweepMs });
      const common = { clock: systemClock, log: silentLog };
      const gate = new GatedStore(
        new SqliteStore({ ...common, path, synchronous: "full", maxMessageBytes: settings.maxMessageBytes }),
      );
      const connection = await openLeaseConnection({
        store: gate.store,
        opening: { ...common, name: "conformance" },
        settings,
      });
      gates.set(connection, gate);
      return connection;
    },
    begin: async () => {
      const database = new DatabaseSync(path);
      database.exec("BEGIN IMMEDIATE");
      const end = (sql: string) => async (): Promise<void> => {
        database.exec(sql);
        database.close();
      };
      return { transaction: database, commit: end("COMMIT"), rollback: end("ROLLBACK") };
    },
    close: async () => {
      for (const [connection, gate] of gates) {
        gate.thaw();
        await connection.close();
      }
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
