import { Option } from "commander";
import type { Command } from "commander";
import { helpNotes } from "../output/help-notes.ts";
import { optionValue } from "../values/option-value.ts";
import { readIds, readQueue } from "../values/read-names.ts";
import { readInteger } from "../values/read-number.ts";
import { addHelpCommand } from "./help-command.ts";
import type { DeadListFlags, DeadChangeFlags } from "../flags/dead-flags.ts";

const notes = `
Dead letters are messages that failed for good, could not be read, or took their worker with them too often.

Examples:
  lovage -A ./tasks.ts dead list default
  lovage -A ./tasks.ts dead replay default --ids 4f1c8a52-6f1e-4b7a-9a55-0d9f3d5f7f11
  lovage -A ./tasks.ts dead drop default --all`;

const limitReader = optionValue(readInteger({ min: 1, max: 1_000_000 }));

/** Adds `lovage dead list`, `replay` and `drop`. */
export function addDeadCommand(program: Command): void {
  const dead = program
    .command("dead")
    .summary("list, replay or drop dead letters")
    .description("Lists, replays or drops the dead letters of a queue.")
    .addHelpText("after", helpNotes(notes));
  addListCommand(dead);
  addChangeCommand(
    dead,
    "replay",
    "Gives dead letters back to their queue, ready at once; their losses, and when they would have expired, are forgotten.",
  );
  addChangeCommand(dead, "drop", "Removes dead letters for good.");
  addHelpCommand(dead);
}

function addListCommand(dead: Command): void {
  dead
    .command("list")
    .argument("<queue>", "name of the queue", optionValue(readQueue))
    .summary("show dead letters")
    .description("Shows the dead letters of a queue: which task, why, when, after how many deliveries.")
    .option("--limit <number>", "show at most so many", limitReader, 100)
    .option(
      "--json",
      "print JSON: an array of entries with messageId, taskId, task, args, reason, detail, count, diedAt",
    )
    .addHelpText("after", "\nExample:\n  lovage -A ./tasks.ts dead list default --limit 20")
    .action(async (queue: string, _flags: unknown, command: Command) => {
      const { listDead } = await import("../actions/list-dead.ts");
      await listDead(queue, command.optsWithGlobals<DeadListFlags>());
    });
}

function addChangeCommand(dead: Command, verb: "replay" | "drop", description: string): void {
  const summary = verb === "replay" ? "give dead letters back to their queue" : "remove dead letters for good";
  dead
    .command(verb)
    .argument("<queue>", "name of the queue", optionValue(readQueue))
    .summary(summary)
    .description(`${description} Say which: --ids, --limit or --all.`)
    .addOption(
      new Option("--ids <ids>", "those with these ids (of the message or the task), separated by commas")
        .argParser(optionValue(readIds))
        .conflicts(["limit", "all"]),
    )
    .addOption(new Option("--limit <number>", "the first so many").argParser(limitReader).conflicts("all"))
    .option("--all", "all there are now")
    .option("--json", "print JSON: { queue, count }")
    .addHelpText("after", `\nExample:\n  lovage -A ./tasks.ts dead ${verb} default --limit 100`)
    .action(async (queue: string, _flags: unknown, command: Command) => {
      const flags = command.optsWithGlobals<DeadChangeFlags>();
      if (flags.ids === undefined && flags.limit === undefined && flags.all !== true) {
        command.error(`error: say which dead letters to ${verb}: --ids, --limit or --all.`);
      }
      const { changeDead } = await import("../actions/change-dead.ts");
      await changeDead(verb, queue, flags);
    });
}
