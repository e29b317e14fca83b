/** A figure with as many digits as it is good for. */
export function formatFigure(value: number): string {
  if (Math.abs(value) >= 100) return Math.round(value).toLocaleString("en");
  return value.toFixed(Math.abs(value) >= 10 ? 1 : 2).replace(/\.0+$/u, "");
}

const units: Readonly<Record<string, string>> = { Ms: "ms", Us: "µs" };
const names: Readonly<Record<string, string>> = {
  perSecond: "per s",
  alonePerSecond: "per s alone",
  beforeBacklogPerSecond: "per s before the backlog",
  mb: "MB",
  importMs: "import ms",
  idleRssMb: "idle RSS MB",
  delayedRssMb: "RSS MB with delayed jobs",
  idleCpuPercent: "idle CPU %",
};

/** The name of a figure as the head of a column: `p50Ms` is `p50 ms`, `perSecond` is `per s`. */
export function formatName(name: string): string {
  return names[name] ?? name.replace(/(Ms|Us)$/u, (unit) => ` ${units[unit] ?? unit}`);
}
