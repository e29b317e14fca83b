import { CheckedSchema, SchemaPlace, type PostgresClient } from "@lovage/client-postgres";
import { silentLog, virtualClock } from "@lovage/foundation";
import { expect, test } from "vitest";

import { placeFunctions } from "../schema/outbox-schema.ts";
import { outboxStatements } from "../statements.ts";
import { InboxSweeper } from "./inbox-sweeper.ts";

/** A sweeper of a database that answers each step by this; with what it was asked and what it told. */
function sweeperOf(answer: (step: number) => number) {
  const clock = virtualClock();
  const asked: unknown[] = [];
  const warnings: string[] = [];
  const query = async (_: unknown, values: unknown): Promise<string[][]> => {
    asked.push(values);
    return [[String(answer(asked.length))]];
  };
  const client = { schema: "s", query } as unknown as PostgresClient;
  const database = {
    client,
    clock,
    tables: new CheckedSchema({ component: { name: "outbox", steps: [] }, migrates: true }),
    place: new SchemaPlace(() => client, "s", placeFunctions),
    statements: outboxStatements("s"),
    log: { ...silentLog, warn: (text: string) => void warnings.push(text) },
  };
  const sweeper = new InboxSweeper({ database, settings: { failedRetentionMs: 2, inboxRetentionMs: 1 } });
  return { sweeper, clock, asked, warnings };
}

test("what has had its time is removed within a minute, in steps as long as there is more, and then about once a minute", async () => {
  const { sweeper, clock, asked } = sweeperOf((step) => (step < 3 ? 1_000 : 5));
  sweeper.start();
  sweeper.start();
  await clock.advance(60_000);
  expect(asked.slice(0, 3)).toEqual(Array.from({ length: 3 }, () => [2, 1, 1_000]));
  const before = asked.length;
  await clock.advance(600_000);
  expect(asked.length - before).toBeGreaterThanOrEqual(7);
  expect(asked.length - before).toBeLessThanOrEqual(14);
  sweeper.close();
  expect(clock.pending).toBe(0);
});

test("what fails again and again is told once", async () => {
  const { sweeper, clock, asked, warnings } = sweeperOf(() => {
    throw new Error("The database is away.");
  });
  sweeper.start();
  await clock.advance(600_000);
  expect(asked.length).toBeGreaterThan(5);
  expect(warnings).toHaveLength(1);
  sweeper.close();
});

test("a step under way at the end leaves nothing behind", async () => {
  const { sweeper, clock, asked } = sweeperOf(() => {
    sweeper.close();
    return 1_000;
  });
  sweeper.start();
  await clock.advance(120_000);
  expect([asked.length, clock.pending]).toEqual([1, 0]);
  sweeper.start();
  expect(clock.pending).toBe(0);
});
