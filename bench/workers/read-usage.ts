import process from "node:process";
import { machineClockMs } from "../machine-clock.ts";
import type { Usage } from "./crew.ts";

/** What this process takes now. */
export function readUsage(): Usage {
  const { user, system } = process.cpuUsage();
  return { atMs: machineClockMs(), rssMb: process.memoryUsage.rss() / 1e6, cpuMs: (user + system) / 1_000 };
}
