/** A figure with as many digits as it is good for. */
export function formatFigure(value: number): string {
  if (Math.abs(value) >= 100) return Math.round(value).toLocaleString("en");
  return value.toFixed(Math.abs(value) >= 10 ? 1 : 2).replace(/\.0+$/u, "");
}

const units: Readonly<Record<string, string>> = { Ms: "ms", Us: "µs" };

/** The name of a figure as the head of a column: `p50Ms` is `p50 ms`, `perSecond` is `per s`. */
export function formatName(name: string): string {
  if (name === "perSecond") return "per s";
  return name.replace(/(Ms|Us)$/u, (unit) => ` ${units[unit] ?? unit}`);
}
