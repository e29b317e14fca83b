import { appendFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import process from "node:process";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { LedgerEntry } from "./ledger-entry.ts";
import { LedgerReader } from "./ledger-reader.ts";
import { LedgerWriter } from "./ledger-writer.ts";
import { judge, recoveryMs, unrecordedMs } from "./verdict.ts";

const accepted = (taskId: string): LedgerEntry => ({ kind: "accepted", taskId, pid: 1, atMs: 0 });
const run = (taskId: string, count: number, pid: number) => ({ taskId, count, pid, retries: 0, token: `${count}` });
const started = (taskId: string, { count = 1, pid = 2, atMs = 10 } = {}): LedgerEntry => {
  return { kind: "started", ...run(taskId, count, pid), atMs };
};
const finished = (taskId: string, { count = 1, pid = 2, atMs = 20 } = {}): LedgerEntry => {
  return { kind: "finished", ...run(taskId, count, pid), atMs };
};

const wrote = (taskId: string, atMs: number): LedgerEntry => ({ kind: "wrote", ...run(taskId, 1, 2), atMs });

describe("a ledger on disk", () => {
  let directory: string;
  beforeEach(() => (directory = mkdtempSync(path.join(tmpdir(), "lovage-ledger-"))));
  afterEach(() => rmSync(directory, { recursive: true }));

  test("is read as it grows, without the line that is still being written", () => {
    const reader = new LedgerReader(directory);
    const writer = new LedgerWriter(directory);
    writer.write({ kind: "accepted", taskId: "ä" });
    expect(reader.read()).toMatchObject([{ kind: "accepted", taskId: "ä", pid: process.pid }]);
    appendFileSync(path.join(directory, "7.jsonl"), '{"kind":"acc');
    expect(reader.read()).toHaveLength(1);
    appendFileSync(path.join(directory, "7.jsonl"), 'epted","taskId":"b","pid":7,"atMs":1}\n');
    expect(reader.read().map(({ taskId }) => taskId)).toEqual(["ä", "b"]);
    writer.close();
  });
});

describe("the verdict", () => {
  test("is clean when every accepted task has run once", () => {
    const verdict = judge([accepted("a"), started("a"), finished("a")]);
    expect(verdict).toEqual({ accepted: 1, lost: [], doubled: 0, interrupted: 0, overlapping: [], zombieWrites: 0 });
  });

  test("a task that only began is lost, unless it ended elsewhere", () => {
    const entries = [accepted("a"), accepted("b"), started("a"), started("b")];
    expect(judge(entries, { endedElsewhere: new Set(["b"]) }).lost).toEqual(["a"]);
  });

  test("a second start is doubled, and overlaps unless the first process was dead by then", () => {
    const again = { count: 2, pid: 3, atMs: 15 };
    const entries = [accepted("a"), started("a"), started("a", again), finished("a", { ...again, atMs: 20 })];
    expect(judge(entries)).toMatchObject({ lost: [], doubled: 1, overlapping: ["a"] });
    expect(judge(entries, { ends: [{ pid: 2, atMs: 14 }] }).overlapping).toEqual([]);
    expect(judge(entries, { ends: [{ pid: 2, atMs: 16 }] }).overlapping).toEqual(["a"]);
  });

  test("a task that runs again was interrupted, or had finished unrecorded", () => {
    const again = (taskId: string): LedgerEntry => started(taskId, { count: 2, pid: 3, atMs: 90 });
    const entries = [started("a"), started("b"), finished("b", { atMs: 30 }), again("a"), again("b")];
    const ends = [{ pid: 2, atMs: 40 }];
    expect(judge(entries, { ends })).toMatchObject({ doubled: 2, interrupted: 1 });
    expect(unrecordedMs(entries, ends)).toBe(10);
    expect(unrecordedMs(entries.slice(0, 4), ends)).toBe(0);
  });

  test("a retry is not doubled", () => {
    const retried: LedgerEntry = { kind: "started", taskId: "a", count: 1, pid: 2, retries: 1, token: "x", atMs: 30 };
    expect(judge([accepted("a"), started("a"), finished("a"), retried])).toMatchObject({ doubled: 0 });
  });

  test("a write after another run has begun is a zombie's", () => {
    const later = { count: 2, pid: 3, atMs: 30 };
    expect(judge([started("a"), wrote("a", 29), started("a", later)]).zombieWrites).toBe(0);
    expect(judge([started("a"), wrote("a", 29), started("a", later), wrote("a", 31)]).zombieWrites).toBe(1);
  });

  test("recovery is the longest wait for what a dead process had begun", () => {
    const entries = [
      started("a"),
      finished("a"),
      started("b", { atMs: 15 }),
      started("c", { atMs: 15 }),
      started("b", { count: 2, pid: 3, atMs: 60 }),
      started("c", { count: 2, pid: 3, atMs: 90 }),
    ];
    expect(recoveryMs(entries, [{ pid: 2, atMs: 40 }])).toBe(50);
    expect(recoveryMs(entries, [{ pid: 9, atMs: 40 }])).toBeUndefined();
    expect(recoveryMs(entries, [{ pid: 3, atMs: 95 }])).toBe(Infinity);
  });
});
