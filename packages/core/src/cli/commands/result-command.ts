import type { Command } from "commander";
import { helpNotes } from "../output/help-notes.ts";
import { optionValue } from "../values/option-value.ts";
import { readDuration } from "../values/read-duration.ts";
import { readId } from "../values/read-names.ts";
import type { ResultFlags } from "../flags/result-flags.ts";

const notes = `
Prints what the task returned, as JSON. A task that failed prints its error and ends with 1; so does one that has not ended, \
with its state. An id that nothing is stored for reads as PENDING: not run yet, expired, or never sent.

Examples:
  lovage -A ./tasks.ts result 4f1c8a52-6f1e-4b7a-9a55-0d9f3d5f7f11
  lovage -A ./tasks.ts result 4f1c8a52-6f1e-4b7a-9a55-0d9f3d5f7f11 --wait --timeout 1m`;

/** Adds `lovage result`. */
export function addResultCommand(program: Command): void {
  program
    .command("result")
    .argument("<id>", "id of the call", optionValue(readId))
    .summary("print the result of a call")
    .description("Prints the result of a call.")
    .option("--wait", "wait until the task has ended")
    .option("--timeout <duration>", "longest wait (default: no limit)", optionValue(readDuration))
    .addHelpText("after", helpNotes(notes))
    .action(async (id: string, _flags: unknown, command: Command) => {
      const flags = command.optsWithGlobals<ResultFlags>();
      if (flags.timeout !== undefined && flags.wait !== true) command.error("error: --timeout is for --wait.");
      const { showResult } = await import("../actions/show-result.ts");
      await showResult(id, flags);
    });
}
