import type { Broker } from "../brokers/broker.ts";
import type { Figures } from "./figures.ts";

/** The part of docs/guarantees.md that the fault tests write: what was measured, and which rows do not apply where. */
export function figuresTable(figures: readonly Figures[], brokers: readonly Broker[]): string {
  return [
    ...table(
      ["row", "fault", "broker", "accepted", "lost", "run twice", "of them interrupted", "times (limit)"],
      figures.toSorted((a, b) => a.row - b.row || a.broker.localeCompare(b.broker)).map((line) => cells(line)),
    ),
    "",
    "A task runs twice when its worker was killed or stopped while it ran (interrupted), or before its end was recorded. Limits in time are those of the rows, scaled; tests fail at five times the limit.",
    "",
    "Rows of the matrix that do not apply:",
    "",
    ...table(["broker", "rows", "because"], brokers.flatMap(exemptionsOf)),
    "",
  ].join("\n");
}

function cells({
  row,
  fault,
  broker,
  accepted,
  lost,
  doubled,
  interrupted,
  interruptedLimit,
  poisoned = 0,
  timings,
}: Figures): readonly string[] {
  const times = timings.map(({ name, measuredMs, limitMs }) => `${name} ${seconds(measuredMs)} (${seconds(limitMs)})`);
  const dead = poisoned === 0 ? "" : `, ${poisoned} dead letters`;
  return [
    String(row),
    fault,
    broker,
    String(accepted),
    `${lost}${dead}`,
    String(doubled),
    `${interrupted} (${interruptedLimit})`,
    times.join(", "),
  ];
}

function exemptionsOf({ name, exemptions }: Broker): readonly (readonly string[])[] {
  const byReason = Map.groupBy(Object.entries(exemptions), ([, reason]) => reason);
  return [...byReason].map(([reason, rows]) => [name, rows.map(([row]) => row).join(", "), reason]);
}

function table(titles: readonly string[], rows: readonly (readonly string[])[]): readonly string[] {
  return [titles, titles.map(() => "---"), ...rows].map((row) => `| ${row.join(" | ")} |`);
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(ms < 100 ? 3 : 1)} s`;
}
