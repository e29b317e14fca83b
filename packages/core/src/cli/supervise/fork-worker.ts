import { fork } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { fileURLToPath } from "node:url";

const program = fileURLToPath(import.meta.resolve("#command"));

/** Starts this command line once more as a worker process with a number. Its output goes where the parent's goes. */
export function forkWorker(number: number): ChildProcess {
  const args = [...process.argv.slice(2), "--child-number", String(number)];
  return fork(program, args, { stdio: ["ignore", "inherit", "inherit", "ipc"] });
}
