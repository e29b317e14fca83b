import type { Command } from "commander";
import { optionValues } from "../values/option-value.ts";
import { readQueue } from "../values/read-names.ts";
import type { GlobalOptions } from "../global-options.ts";

/** What `lovage queues` was told. */
export interface QueuesFlags extends GlobalOptions {
  readonly json?: boolean;
}

const notes = `
Columns: ready (may run now), delayed (waits for its time), unsettled (a worker has it), dead (dead letters), oldest (age of the
oldest that is ready). A dash: the broker cannot tell.
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
    .description("Shows how many messages are where, in all queues of the broker or in those named.")
    .option("--json", "print JSON")
    .addHelpText("after", notes)
    .action(async (queues: readonly string[] | undefined, _flags: unknown, command: Command) => {
      const { showQueues } = await import("../actions/show-queues.ts");
      await showQueues(queues ?? [], command.optsWithGlobals<QueuesFlags>());
    });
}
