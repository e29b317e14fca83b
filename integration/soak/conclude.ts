import type { SoakOutcome } from "./run-soak.ts";
import { hasGrown } from "./trend.ts";
import type { Trend } from "./trend.ts";

/** What is said of a soak in the end. */
export interface Conclusion {
  /** Whether what was promised has held. */
  readonly isHeld: boolean;
  readonly lines: readonly string[];
}

/** Holds what was found against what was promised. */
export function conclude(transport: string, outcome: SoakOutcome): Conclusion {
  const { accepted, lost, doubled, interrupted, interruptedLimit, poisoned, trends } = outcome;
  const faults = [...faultsOf(outcome), ...trends.filter((trend) => hasGrown(trend)).map((trend) => grownText(trend))];
  return {
    isHeld: faults.length === 0,
    lines: [
      ...trends.map((trend) => trendText(trend)),
      `disturbed: ${list(outcome.disturbed)}`,
      `told to the producer: ${list(outcome.refusals)}`,
      ...faults.map((fault) => `FAULT: ${fault}.`),
      `${transport}: ${accepted} accepted, ${lost.length} lost, ${doubled} run twice (${interrupted} interrupted, at most ${interruptedLimit}), ${poisoned} dead letters: ${faults.length === 0 ? "held" : "FAILED"}.`,
    ],
  };
}

function faultsOf({ lost, doubled, interrupted, interruptedLimit, unrecordedLimit }: SoakOutcome): readonly string[] {
  const faults: string[] = [];
  const unrecorded = doubled - interrupted;
  if (lost.length > 0) faults.push(`${lost.length} tasks are lost, the first is ${lost[0]}`);
  if (interrupted > interruptedLimit)
    faults.push(`${interrupted} runs were interrupted, at most ${interruptedLimit} may be`);
  if (unrecorded > unrecordedLimit)
    faults.push(`${unrecorded} tasks that had ended ran again, at most ${unrecordedLimit} may`);
  return faults;
}

function trendText({ name, unit, early, late, samples }: Trend): string {
  if (samples === 0) return `${name}: not measured`;
  return `${name}: ${early.toFixed(1)} ${unit} early, ${late.toFixed(1)} ${unit} at the end`;
}

function grownText({ name, unit, early, late }: Trend): string {
  return `${name} has grown from ${early.toFixed(1)} to ${late.toFixed(1)} ${unit}`;
}

function list(counts: ReadonlyMap<string, number>): string {
  return [...counts].map(([name, count]) => `${name} ${count}`).join(", ") || "nothing";
}
