import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { expect } from "vitest";
import type { Verdict } from "../ledger/verdict.ts";
import type { Figures } from "./figures.ts";

/** Test machines are noisy. */
const noise = 5;

/** The figures of a verdict. */
export function figuresOf({
  accepted,
  lost,
  doubled,
  interrupted,
}: Verdict): Required<Pick<Figures, "accepted" | "lost" | "doubled" | "interrupted">> {
  return { accepted, lost: lost.length, doubled, interrupted };
}

/** The figures of a scenario that has asserted that each of so many ran, and once. */
export function sound(accepted: number): Omit<Figures, "row" | "broker" | "fault" | "timings"> {
  return { accepted, lost: 0, doubled: 0, interrupted: 0, interruptedLimit: 0 };
}

/** Writes figures for docs/guarantees.md and holds them against what was promised; times against five times the limit. */
export function recordFigures(figures: Figures): void {
  const directory = figuresDirectory();
  mkdirSync(directory, { recursive: true });
  const name = `row-${String(figures.row).padStart(2, "0")}-${figures.broker}-${figures.fault.replaceAll(/\W+/gu, "-")}`;
  writeFileSync(path.join(directory, `${name}.json`), `${JSON.stringify(figures, undefined, 2)}\n`);
  const { lost = 0, doubled = 0, interrupted, interruptedLimit, doubledLimit = interruptedLimit, timings } = figures;
  expect(lost, "lost").toBe(0);
  expect(interrupted, "interrupted").toBeLessThanOrEqual(interruptedLimit);
  expect(doubled, "begun twice").toBeLessThanOrEqual(doubledLimit);
  for (const { name: timing, measuredMs, limitMs } of timings) {
    expect(measuredMs, `${timing}, in ms`).toBeLessThanOrEqual(noise * limitMs);
  }
}

/** Where figures are, one file for each scenario and broker; made anew by every run. `./run matrix` has a place of its own for each of its runs. */
function figuresDirectory(): string {
  return process.env["LOVAGE_TEST_FIGURES"] ?? fileURLToPath(new URL("../.figures", import.meta.url));
}
