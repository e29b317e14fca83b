import { EventEmitter } from "node:events";

import { postgresTarget, type ReadyPool } from "@lovage/client-postgres";
import { silentLog, virtualClock } from "@lovage/foundation";
import { expect, test, vi } from "vitest";

import { PostgresStore } from "./store.ts";

/** A session of a standby, which takes no LISTEN. */
class StandbySession extends EventEmitter {
  readonly processID = 7;
  readonly release = vi.fn<() => void>();

  async query(sql: string): Promise<object> {
    if (!sql.startsWith("LISTEN")) return { rows: [{ pid: 7 }] };
    throw Object.assign(new Error("cannot execute LISTEN during recovery"), { code: "25006" });
  }
}

test("a store that cannot listen, as on a standby, leaves no connection behind", async () => {
  const session = new StandbySession();
  const pool = { connect: async () => session, totalCount: 0, options: { max: 3 } } as unknown as ReadyPool;
  const store = new PostgresStore({
    target: postgresTarget("postgres://localhost", { pool }),
    clock: virtualClock(),
    log: silentLog,
    name: "test",
    maxMessageBytes: 1_000,
    isPlain: false,
  });
  const events = { wake: () => {}, deliver: () => {}, lost: () => {} };
  await expect(store.open(events)).rejects.toMatchObject({ code: "TRANSPORT_UNAVAILABLE" });
  await store.close();
  expect(session.release).toHaveBeenCalledOnce();
});
