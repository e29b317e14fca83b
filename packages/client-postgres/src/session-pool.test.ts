import { silentLog, virtualClock } from "@lovage/foundation";
import { expect, test, vi } from "vitest";

import { postgresTarget, type ReadyPool } from "./postgres-options.ts";
import { SessionPool } from "./session-pool.ts";
import { defineStatement } from "./statement.ts";

test("who waits for a free connection is told of the end at once, and what comes too late goes back", async () => {
  const free = Promise.withResolvers<{ release: () => void }>();
  const pool = { connect: () => free.promise, totalCount: 3, idleCount: 0, options: { max: 3 } };
  const target = postgresTarget("postgres://localhost", { pool: pool as unknown as ReadyPool });
  const sessions = new SessionPool({ target, clock: virtualClock(), log: silentLog, name: "test", where: "here" });
  const waiting = sessions.query(defineStatement("SELECT 1"));
  const outcome = waiting.catch((error: unknown) => error);
  await sessions.close();
  const soon = new Promise((resolve) => setImmediate(resolve));
  expect(await Promise.race([outcome, soon])).toMatchObject({ code: "POSTGRES_FAILED", kind: "unavailable" });
  const release = vi.fn<() => void>();
  free.resolve({ release });
  await vi.waitUntil(() => release.mock.calls.length === 1, { timeout: 1_000 });
});
