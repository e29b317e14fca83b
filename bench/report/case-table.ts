import type { Summary } from "../figures/summary.ts";
import { formatFigure, formatName } from "./format-figure.ts";

/** One case on one store as a Markdown table; aligned, so that it reads on a terminal too. */
export function caseTable({ rows: summaryRows, base }: Summary, headline: string): string {
  const names = Object.keys(summaryRows[0]?.medians ?? {});
  const head = ["peer", ...names.map((name) => formatName(name)), `min–max of ${formatName(headline)}`, `÷ ${base}`];
  const rows = summaryRows.map(({ peer, medians, range, ratio }) => [
    peer,
    ...names.map((name) => formatFigure(medians[name] ?? Number.NaN)),
    range.map((value) => formatFigure(value)).join("–"),
    formatFigure(ratio),
  ]);
  return alignedTable(head, rows);
}

/** A Markdown table whose columns stand under each other. */
export function alignedTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((_, column) => Math.max(...[head, ...rows].map((row) => row[column]?.length ?? 0)));
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(" | ")} |`;
  return [line(head), line(widths.map((width) => "-".repeat(width))), ...rows.map((row) => line(row))].join("\n");
}
