import type { Command } from "commander";
import { helpNotes } from "../output/help-notes.ts";
import { optionValues } from "../values/option-value.ts";
import { readQueue } from "../values/read-names.ts";
import type { PurgeFlags } from "../flags/purge-flags.ts";

const notes = `
Removes what is ready and what is delayed; never what a worker has, nor dead letters ("lovage dead drop" does that).
On RabbitMQ what is delayed stays: the delayed messages of all queues wait together there.
On a terminal it asks first; elsewhere --yes is needed.

Examples:
  lovage -A ./tasks.ts purge mail
  lovage -A ./tasks.ts purge mail default --yes`;

/** Adds `lovage purge`. */
export function addPurgeCommand(program: Command): void {
  program
    .command("purge")
    .argument("<queue...>", "names of queues", optionValues(readQueue))
    .summary("remove what waits in queues")
    .description("Removes what waits in queues, for good.")
    .option("-y, --yes", "do not ask")
    .addHelpText("after", helpNotes(notes))
    .action(async (queues: readonly string[], _flags: unknown, command: Command) => {
      const flags = command.optsWithGlobals<PurgeFlags>();
      if (flags.yes !== true && !process.stdin.isTTY) {
        command.error("error: purge removes messages for good: say --yes where nobody can be asked.");
      }
      const { purgeQueues } = await import("../actions/purge-queues.ts");
      await purgeQueues(queues, flags);
    });
}
