import type { Evidence, EvidenceRun } from "./evidence.ts";
import type { Timing } from "./figures.ts";
import { table } from "./table.ts";
import { worstFigures } from "./worst-figures.ts";
import type { WorstFigures } from "./worst-figures.ts";

/** Stands for a number that the scenario does not count. */
const uncounted = "–";

/** What was found on one transport: how many runs of which commits, what failed, and the worst figures of each row. */
export function evidenceSection({ transport, depth, runs }: Evidence): readonly string[] {
  const scale = depth === "full" ? "Full scale, leases of 30 s" : "A tenth of the scale, leases of 3 s";
  return [
    `### ${transport}`,
    "",
    `${scale}. ${countOf(runs)} with other seeds, ${cleanOf(runs)} without a failure, ${datesOf(runs)}.`,
    "",
    ...table(["commit", "dates", "runs", "without a failure", "tests passed", "with"], formsOf(runs)),
    "",
    ...failuresOf(runs),
    ...table(
      ["row", "fault", "runs", "accepted", "lost", "run twice", "of them interrupted", "times (limit)"],
      worstFigures(transport, runs).map((each) => cells(each)),
    ),
    "",
  ];
}

/** Runs of one commit in the same surroundings are of one form; others are not mixed with them unsaid. */
function formsOf(runs: readonly EvidenceRun[]): readonly (readonly string[])[] {
  const forms = Map.groupBy(runs, (run) => `\`${run.commit}\` ${withOf(run)}`);
  return [...forms.values()].flatMap((same) => {
    const [first] = same;
    if (first === undefined) return [];
    const passed = same.map((run) => run.passed);
    return [
      [
        `\`${first.commit}\``,
        datesOf(same),
        String(same.length),
        String(cleanOf(same)),
        fromTo(Math.min(...passed), Math.max(...passed)),
        withOf(first),
      ],
    ];
  });
}

function withOf({ broker, versions, machine }: EvidenceRun): string {
  return `${broker}; Node ${versions["node"] ?? "?"}; ${machine}`;
}

function failuresOf(runs: readonly EvidenceRun[]): readonly string[] {
  const failed = runs.flatMap(({ failures, commit }) => [...new Set(failures)].map((title) => ({ title, commit })));
  const lines = [...Map.groupBy(failed, ({ title }) => title)].map(([title, times]) => {
    const commits = [...new Set(times.map(({ commit }) => `\`${commit}\``))].join(", ");
    return `- Failed in ${times.length} of ${countOf(runs)} (${commits}): ${title}.`;
  });
  return lines.length === 0 ? [] : [...lines, ""];
}

function cells(figures: WorstFigures): readonly string[] {
  const { row, fault, runs, accepted, lost, doubled, interrupted, interruptedLimit, poisoned = 0, timings } = figures;
  const dead = poisoned === 0 ? "" : `, ${poisoned} dead letters`;
  return [
    String(row),
    fault,
    String(runs),
    String(accepted),
    `${lost ?? uncounted}${dead}`,
    String(doubled ?? uncounted),
    `${interrupted} (${interruptedLimit})`,
    timings.map((timing) => timingText(timing)).join(", "),
  ];
}

function timingText({ name, measuredMs, limitMs }: Timing): string {
  return `${name} ${seconds(measuredMs)} (${seconds(limitMs)})`;
}

function cleanOf(runs: readonly EvidenceRun[]): number {
  return runs.filter(({ failed }) => failed === 0).length;
}

function countOf({ length }: readonly EvidenceRun[]): string {
  return length === 1 ? "1 run" : `${length} runs`;
}

function datesOf(runs: readonly EvidenceRun[]): string {
  const dates = runs.map(({ startedAt }) => startedAt.slice(0, 10)).toSorted();
  return fromTo(dates[0] ?? "", dates.at(-1) ?? "");
}

function fromTo<T extends string | number>(first: T, last: T): string {
  return first === last ? String(first) : `${first} to ${last}`;
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(ms < 100 ? 3 : 1)} s`;
}
