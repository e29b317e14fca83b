import { DatabaseSync, StatementSync } from "node:sqlite";

import { virtualClock } from "@lovage/foundation";
import { describe, expect, it, vi } from "vitest";

import { message, openStore, take } from "./test-support/open-store.ts";

describe("query plans", () => {
  it("no statement of a queue's life scans, sorts or builds an index of its own", async () => {
    const prepare = vi.spyOn(DatabaseSync.prototype, "prepare");
    const clock = virtualClock();
    const { store, path } = await openStore({ clock });
    await store.publish([message("a", { key: "k" }), message("b"), message("c", { notBefore: { inMs: 10 } })]);
    const [a, b] = await take(store, 2, 1_000);
    await store.extend("q", [a!.lease], 1_000);
    await store.settle("q", [
      { kind: "release", lease: a!.lease, delayMs: 5 },
      { kind: "reject", lease: b!.lease, message: b!.message, count: 1, reason: { reason: "failed" } },
    ]);
    await clock.advance(10);
    await take(store, 9, 1_000);
    await clock.advance(1_000);
    await store.sweep({ queues: ["q"], suspectAfter: 1, max: 10 });
    await store.suspectsWait("q");
    await store.claim({ queue: "q", max: 1, leaseMs: 1_000, suspects: true });
    const statements = new Set(prepare.mock.calls.map(([sql]) => sql));
    prepare.mockRestore();
    const touching = [...statements].filter((sql) => sql.includes("lovage_messages"));
    expect(touching.length).toBeGreaterThan(12);
    const database = new DatabaseSync(path);
    expect(planOf(database.prepare("EXPLAIN QUERY PLAN SELECT 1 FROM lovage_messages WHERE losses = 1"))).toHaveLength(
      1,
    );
    for (const sql of touching) expect([sql, planOf(database.prepare(`EXPLAIN QUERY PLAN ${sql}`))]).toEqual([sql, []]);
    database.close();
  });
});

/** Steps that cost as much as there are rows. */
function planOf(statement: StatementSync): string[] {
  return statement
    .all()
    .map(({ detail }) => String(detail))
    .filter((step) => /^SCAN (?!\()|TEMP B-TREE|AUTOMATIC/.test(step));
}
