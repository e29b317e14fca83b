import { readFileSync } from "node:fs";

/** How much memory a process has; Linux alone tells. */
export function residentBytes(pid: number): number {
  const kib = /^VmRSS:\s+(\d+) kB$/mu.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
  if (kib === undefined) throw new Error(`Process ${pid} has no memory: it has ended.`);
  return Number(kib) * 1_024;
}
