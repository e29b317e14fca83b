import { mkdirSync, renameSync, writeFileSync } from "node:fs";
import path from "node:path";

/**
 * Writes a value as JSON, in place of what the file held and never half: what it keeps may have taken hours. What is deeper than so many levels is one line,
 * so that a file which grows from run to run stays short, and shows what was added.
 */
export function keepJson(file: string, value: unknown, levels: number): void {
  mkdirSync(path.dirname(file), { recursive: true });
  const unfinished = `${file}.unfinished`;
  writeFileSync(unfinished, `${linedJson(value, levels)}\n`);
  renameSync(unfinished, file);
}

/** JSON with a line for each value down to a depth. */
export function linedJson(value: unknown, levels: number): string {
  if (levels === 0 || typeof value !== "object" || value === null) return JSON.stringify(value);
  const [open, close] = Array.isArray(value) ? "[]" : "{}";
  // What is undefined is nothing in JSON.
  const entries = Object.entries(value).filter(([, each]) => each !== undefined);
  const lines = entries.map(([key, each]) => {
    const text = linedJson(each, levels - 1).replaceAll("\n", "\n  ");
    return Array.isArray(value) ? `  ${text}` : `  ${JSON.stringify(key)}: ${text}`;
  });
  return lines.length === 0 ? `${open}${close}` : `${open}\n${lines.join(",\n")}\n${close}`;
}
