import { CommanderError } from "commander";
import { hasCode } from "@lovage/foundation";
import { exitCode } from "./exit-code.ts";
import { printError } from "./output/print-error.ts";
import { createProgram } from "./program.ts";

/**
 * Runs the command `lovage` and ends the process: whatever the user's modules left open (pools, timers) does not keep it.
 * @param args The command line behind the program's name.
 */
export async function main(args: readonly string[]): Promise<void> {
  for (const stream of [process.stdout, process.stderr]) stream.on("error", ignoreBrokenPipe);
  process.exit(await run(args));
}

async function run(args: readonly string[]): Promise<number> {
  try {
    await createProgram().parseAsync(args, { from: "user" });
    return Number(process.exitCode ?? exitCode.ok);
  } catch (error) {
    // Commander has told the user already.
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCode.ok : exitCode.usage;
    await printError(error);
    return exitCode.failure;
  }
}

/** Whoever read the output has gone away; a worker goes on without one. */
function ignoreBrokenPipe(error: Error): void {
  if (!hasCode(error, ["EPIPE", "ECONNRESET", "EIO"])) throw error;
}
