import type { Command } from "commander";
import { helpNotes } from "../output/help-notes.ts";
import { optionValues } from "../values/option-value.ts";
import { readQueue } from "../values/read-names.ts";
import type { QueuesFlags } from "../flags/queues-flags.ts";

const notes = `
Columns: ready (may run now), delayed (waits for its time), unsettled (a worker has it), dead (dead letters), oldest (age of the \
oldest that is ready). A dash: the broker cannot tell.
RabbitMQ does not list its queues: there they are those of the app's tasks and options, and any that are named.
With --json: an array of { queue, ready, delayed, unsettled, dead, oldestReadyMs }, null for what the broker cannot tell.

Examples:
  lovage -A ./tasks.ts queues
  lovage -A ./tasks.ts queues mail --json`;

/** Adds `lovage queues`. */
export function addQueuesCommand(program: Command): void {
  program
    .command("queues")
    .argument("[queue...]", "names of queues", optionValues(readQueue))
    .summary("show how many messages are where")
    .description("Shows how many messages are where, in all queues of the broker and of the app, or in those named.")
    .option("--json", "print JSON")
    .addHelpText("after", helpNotes(notes))
    .action(async (queues: readonly string[] | undefined, _flags: unknown, command: Command) => {
      const { showQueues } = await import("../actions/show-queues.ts");
      await showQueues(queues ?? [], command.optsWithGlobals<QueuesFlags>());
    });
}
