import type { FileIndex } from "./index-text.ts";
import { mostFrequent } from "./index-text.ts";

/** What the demo found in all files. */
export interface Report {
  readonly files: number;
  readonly words: number;
  readonly links: number;
  readonly headings: number;
  readonly bytes: number;
  readonly frequent: FileIndex["frequent"];
}

const wordsShown = 8;

/** Adds up the indexes of all files. */
export function mergeIndexes(indexes: readonly FileIndex[]): Report {
  const counts = new Map<string, number>();
  for (const { frequent } of indexes) {
    for (const [word, count] of frequent) counts.set(word, (counts.get(word) ?? 0) + count);
  }
  const sum = (field: "words" | "links" | "headings" | "bytes") =>
    indexes.reduce((total, index) => total + index[field], 0);
  return {
    files: indexes.length,
    words: sum("words"),
    links: sum("links"),
    headings: sum("headings"),
    bytes: sum("bytes"),
    frequent: mostFrequent(counts, wordsShown),
  };
}

/** The report as a small table. */
export function formatReport(report: Report): string {
  const rows: readonly (readonly [string, string])[] = [
    ["files", number(report.files)],
    ["megabytes", (report.bytes / 1e6).toFixed(1)],
    ["words", number(report.words)],
    ["links", number(report.links)],
    ["headings", number(report.headings)],
    ["most frequent", report.frequent.map(([word]) => word).join(", ")],
  ];
  return rows.map(([name, value]) => `  ${name.padEnd(14)} ${value}`).join("\n");
}

function number(value: number): string {
  return value.toLocaleString("en");
}
