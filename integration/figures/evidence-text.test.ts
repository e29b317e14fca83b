import { expect, test } from "vitest";
import { memory } from "../brokers/memory.ts";
import type { EvidenceRun } from "./evidence.ts";
import { evidenceText } from "./evidence-text.ts";
import type { Figures } from "./figures.ts";
import { runOf, someFigures } from "./test-support/run-of.ts";

const second: Figures = {
  ...someFigures,
  row: 2,
  poisoned: 1,
  timings: [{ name: "exit", measuredMs: 12, limitMs: 500 }],
};

const linesOf = (...runs: readonly EvidenceRun[]): readonly string[] =>
  evidenceText([{ transport: "sqlite", depth: "tenth", runs }], [memory]).split("\n");

test("a table is in order of rows, tells the worst of all runs and what was allowed, and which rows do not apply", () => {
  const recovered = [{ name: "recovery", measuredMs: 9, limitMs: 4_500 }];
  const lines = linesOf(
    runOf({ figures: [second, someFigures] }),
    runOf({ figures: [{ ...someFigures, doubled: 3, timings: recovered }] }),
  );
  expect(lines[2]).toBe(
    "A tenth of the scale, leases of 3 s. 2 runs with other seeds, 2 without a failure, 2026-01-02.",
  );
  expect(lines.filter((line) => /^\| \d+ \| a kill/u.test(line))).toEqual([
    "| 1 | a kill | 2 | 1000 | 0 | 9 | 8 (8) | recovery 3.2 s (4.5 s) |",
    "| 2 | a kill | 1 | 1000 | 0, 1 dead letters | 9 | 8 (8) | exit 0.012 s (0.5 s) |",
  ]);
  expect(lines.filter((line) => line.startsWith("| memory | 25 |"))).toEqual(["| memory | 25 | it has no file |"]);
  expect(lines).toContain("| 61 | there is no dashboard | nothing |");
});

test("runs are counted by commit and by what they ran with", () => {
  const lines = linesOf(
    runOf({ commit: "abc", passed: 38, failed: 2, failures: ["row 1", "row 2"] }),
    runOf({ commit: "abc", startedAt: "2026-01-03T00:00:00.000Z" }),
    runOf({ commit: "def", startedAt: "2026-01-05T00:00:00.000Z" }),
    runOf({ commit: "def", startedAt: "2026-01-05T00:00:00.000Z", machine: "64 cores" }),
  );
  expect(lines[2]).toContain("4 runs with other seeds, 3 without a failure, 2026-01-02 to 2026-01-05.");
  expect(lines.filter((line) => line.startsWith("| `"))).toEqual([
    "| `abc` | 2026-01-02 to 2026-01-03 | 2 | 1 | 38 to 40 | in the processes of Lovage; Node 24.0.0; 2 cores |",
    "| `def` | 2026-01-05 | 1 | 1 | 40 | in the processes of Lovage; Node 24.0.0; 2 cores |",
    "| `def` | 2026-01-05 | 1 | 1 | 40 | in the processes of Lovage; Node 24.0.0; 64 cores |",
  ]);
});

test("what failed in any run is named, with how often and at which commits", () => {
  const failed = { failed: 1, failures: ["row 1: a kill"] };
  const lines = linesOf(runOf({ ...failed, commit: "abc" }), runOf({ ...failed, commit: "def" }), runOf({}));
  expect(lines).toContain("- Failed in 2 of 3 runs (`abc`, `def`): row 1: a kill.");
});

const limited = (interrupted: number, limit: number, measuredMs: number): EvidenceRun => {
  const timings = [{ name: "recovery", measuredMs, limitMs: limit * 1_000 }];
  return runOf({ figures: [{ ...someFigures, accepted: limit, interrupted, interruptedLimit: limit, timings }] });
};

test("a limit is that of the run whose figure it stands beside", () => {
  expect(linesOf(limited(4, 8, 3_000), limited(5, 16, 2_000))).toContain(
    "| 1 | a kill | 2 | 8 | 0 | 9 | 5 (16) | recovery 3.0 s (8.0 s) |",
  );
});

test("what a run has not counted is no nought", () => {
  const { lost: _, doubled: __, ...uncounted } = someFigures;
  const line = "| 1 | a kill | 2 | 1000 | – | – | 8 (8) | recovery 3.2 s (4.5 s) |";
  expect(linesOf(runOf({}), runOf({ figures: [uncounted] }))).toContain(line);
});

test("figures that a row has taken on another broker are not those of the transport", () => {
  const elsewhere = { ...second, broker: "postgres" };
  expect(
    linesOf(runOf({ figures: [someFigures, elsewhere] })).filter((line) => /^\| \d+ \| a kill/u.test(line)),
  ).toHaveLength(1);
});
