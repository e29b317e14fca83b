/** A Markdown table, line by line. */
export function table(titles: readonly string[], rows: readonly (readonly string[])[]): readonly string[] {
  return [titles, titles.map(() => "---"), ...rows].map((row) => `| ${row.join(" | ")} |`);
}
