import { Option } from "commander";
import type { Command } from "commander";
import { helpNotes } from "../output/help-notes.ts";
import { optionValue } from "../values/option-value.ts";
import { readDuration } from "../values/read-duration.ts";
import { readDurationOrInstant, readInstant } from "../values/read-instant.ts";
import { readJsonArguments, readJsonKeywords } from "../values/read-json.ts";
import { readId, readQueue, readTask } from "../values/read-names.ts";
import { readInteger } from "../values/read-number.ts";
import type { CallFlags } from "../flags/call-flags.ts";

const notes = `
Prints the id of the call; with --wait what the task returned, as JSON. A task that failed prints its error and ends with 1.
A task that the app does not know is refused, because a mistyped name would wait in a queue for nobody; --force sends it, \
for tasks of other programs that the app has no app.remote for.

Examples:
  lovage -A ./tasks.ts call shop.add --args '[2, 3]' --wait --timeout 10s
  lovage -A ./tasks.ts call shop.mail --args '["a@example.org"]' --countdown 5m --queue mail
  lovage -A ./tasks.ts call ml.score --kwargs '{"text": "good"}' --queue ml --force`;

/** Adds `lovage call`. */
export function addCallCommand(program: Command): void {
  program
    .command("call")
    .argument("<name>", "name of the task", optionValue(readTask))
    .summary("send one call of a task")
    .description("Sends one call of a task.")
    .addOption(
      new Option("--args <json>", "arguments, a JSON array")
        .argParser(optionValue(readJsonArguments))
        .default([] as readonly unknown[], "[]"),
    )
    .option("--kwargs <json>", "keyword arguments, a JSON object (default: none)", optionValue(readJsonKeywords))
    .option("--queue <name>", "queue (default: the task's)", optionValue(readQueue))
    .addOption(
      new Option("--countdown <duration>", "not run earlier than this long from now (default: at once)")
        .argParser(optionValue(readDuration))
        .conflicts("eta"),
    )
    .option("--eta <instant>", "not run before this instant, such as 2026-12-24T18:00:00Z", optionValue(readInstant))
    .option(
      "--expires <when>",
      "dropped when not started by then: a duration or an instant (default: the task's)",
      optionValue(readDurationOrInstant),
    )
    .option(
      "--priority <number>",
      "0 to 9, 9 the most urgent (default: the task's)",
      optionValue(readInteger({ min: 0, max: 9 })),
    )
    .option("--task-id <id>", "id of the call (default: a random UUID)", optionValue(readId))
    .option("--wait", "wait for the result and print it")
    .option("--timeout <duration>", "longest wait for the result (default: no limit)", optionValue(readDuration))
    .option("--force", "send a task that the app does not know")
    .addHelpText("after", helpNotes(notes))
    .action(async (task: string, _flags: unknown, command: Command) => {
      const flags = command.optsWithGlobals<CallFlags>();
      if (flags.timeout !== undefined && flags.wait !== true) command.error("error: --timeout is for --wait.");
      const { callTask } = await import("../actions/call-task.ts");
      await callTask(task, flags);
    });
}
