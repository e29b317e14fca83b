import { CommanderError } from "commander";
import { ConfigurationError } from "@lovage/foundation";
import { exitCode } from "./exit-code.ts";
import { printError } from "./output/print-error.ts";
import { untilIdle } from "./process/until-idle.ts";
import { createProgram } from "./program.ts";

/**
 * Runs the command `lovage` and ends the process: whatever the user's modules left open (pools, timers) does not keep it.
 * @param args The command line behind the program's name.
 */
export async function main(args: readonly string[]): Promise<void> {
  for (const stream of [process.stdout, process.stderr]) stream.on("error", outlive);
  process.exit(await run(args));
}

async function run(args: readonly string[]): Promise<number> {
  try {
    await untilIdle(() => createProgram().parseAsync(args, { from: "user" }), unfinished);
    return Number(process.exitCode ?? exitCode.ok);
  } catch (error) {
    // Commander has told the user already.
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCode.ok : exitCode.usage;
    await printError(error);
    return exitCode.failure;
  }
}

function unfinished(): Error {
  return new ConfigurationError(
    "The command ended before its work was done: something in the app waits for what never comes.",
  );
}

/** Whoever read the output has gone away, or its disk is full: a worker goes on without. What a command prints, `print` looks after. */
function outlive(): void {}
