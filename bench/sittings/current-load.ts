import { loadavg } from "node:os";

/** The machine's load average of the last minute, to two digits. */
export function currentLoad(): number {
  return Math.round((loadavg()[0] ?? Number.NaN) * 100) / 100;
}
