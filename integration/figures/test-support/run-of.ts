import type { EvidenceRun } from "../evidence.ts";
import type { Figures } from "../figures.ts";

/** Figures of row 1, all within their limits. */
export const someFigures: Figures = {
  row: 1,
  broker: "sqlite",
  fault: "a kill",
  accepted: 1_000,
  lost: 0,
  doubled: 9,
  interrupted: 8,
  interruptedLimit: 8,
  timings: [{ name: "recovery", measuredMs: 3_210, limitMs: 4_500 }],
};

/** A run of the matrix without a failure, but for what is said of it. */
export function runOf(said: Partial<EvidenceRun>): EvidenceRun {
  return {
    seed: 1,
    startedAt: "2026-01-02T03:04:05.006Z",
    commit: "abc",
    broker: "in the processes of Lovage",
    versions: { node: "24.0.0" },
    machine: "2 cores",
    seconds: 9,
    passed: 40,
    failed: 0,
    skipped: 0,
    failures: [],
    figures: [someFigures],
    ...said,
  };
}
