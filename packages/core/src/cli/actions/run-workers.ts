import type { WorkerFlags } from "../flags/worker-flags.ts";
import { runChildWorker } from "./run-child-worker.ts";
import { runSingleWorker } from "./run-single-worker.ts";
import { runSupervisor } from "./run-supervisor.ts";

/** Runs a worker in this process, or the parent of several, or one of those. Gives the exit code once it has ended. */
export function runWorkers(flags: WorkerFlags): Promise<number> {
  if (flags.childNumber !== undefined) return runChildWorker(flags, flags.childNumber);
  return flags.processes > 1 ? runSupervisor(flags) : runSingleWorker(flags);
}
