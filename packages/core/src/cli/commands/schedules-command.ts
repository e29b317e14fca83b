import { isLovageError } from "@lovage/foundation";
import { Option } from "commander";
import type { Command } from "commander";
import type { Schedule } from "../../beat/schedule/schedule.ts";
import { helpNotes } from "../output/help-notes.ts";
import { optionValue } from "../values/option-value.ts";
import { readDuration } from "../values/read-duration.ts";
import { readInstant } from "../values/read-instant.ts";
import { readJsonArguments, readJsonKeywords } from "../values/read-json.ts";
import { readQueue, readSchedule, readTask } from "../values/read-names.ts";
import { readInteger } from "../values/read-number.ts";
import type { TimesFlags } from "../values/read-times.ts";
import type { GlobalOptions } from "../global-options.ts";
import { addHelpCommand } from "./help-command.ts";
import type { SchedulesFlags, ScheduleSetFlags, ScheduleChange } from "../flags/schedules-flags.ts";

const notes = `
Schedules are those of the app's code and those of the store, which this command changes; a beat that runs sees changes within 5 s.
A task that the app does not know is refused; --force takes it, for tasks of other programs that the app has no app.remote for.

Examples:
  lovage -A ./tasks.ts schedules list
  lovage -A ./tasks.ts schedules set early --task shop.report --cron '30 7 * * *' --timezone Europe/Berlin
  lovage -A ./tasks.ts schedules next early --count 10
  lovage -A ./tasks.ts schedules pause nightly`;

/** Adds `lovage schedules list`, `next`, `set`, `pause`, `resume`, `remove` and `run`. */
export function addSchedulesCommand(program: Command): void {
  const schedules = program
    .command("schedules")
    .summary("list and change schedules")
    .description("Lists and changes the schedules of the app.")
    .addHelpText("after", helpNotes(notes));
  addListCommand(schedules);
  addNextCommand(schedules);
  addSetCommand(schedules);
  addChangeCommand(schedules, "pause", {
    summary: "no more ticks, until it is resumed",
    description: "Pauses a schedule: no more ticks, until it is resumed. `run` still sends its call.",
  });
  addChangeCommand(schedules, "resume", {
    summary: "let a paused one go on",
    description: "Lets a paused schedule go on; ticks that came in between are not made up for.",
  });
  addChangeCommand(schedules, "remove", {
    summary: "remove one from the store",
    description: "Removes a schedule from the store. One of the app's code is removed in the code, or paused.",
  });
  addRunCommand(schedules);
  addHelpCommand(schedules);
}

function addListCommand(schedules: Command): void {
  schedules
    .command("list")
    .summary("show all schedules")
    .description("Shows all schedules: what runs when, how often it has, and when it will.")
    .option(
      "--json",
      "print JSON: an array of { name, task, schedule, source, isPaused, runs, lastRunAt, nextRunAt, … }",
    )
    .action(async (_flags: unknown, command: Command) => {
      const { listSchedules } = await import("../actions/list-schedules.ts");
      await listSchedules(command.optsWithGlobals<SchedulesFlags>());
    });
}

function addNextCommand(schedules: Command): void {
  schedules
    .command("next")
    .argument("<name>", "name of the schedule", optionValue(readSchedule))
    .summary("show the next instants of a schedule")
    .description("Shows the next instants of a schedule, in UTC; of a paused one those that it leaves out.")
    .option("--count <number>", "how many", optionValue(readInteger({ min: 1, max: 1_000 })), 5)
    .option("--json", "print JSON: an array of instants")
    .action(async (name: string, _flags: unknown, command: Command) => {
      const { showNext } = await import("../actions/list-schedules.ts");
      await showNext(name, command.optsWithGlobals<SchedulesFlags>());
    });
}

function addSetCommand(schedules: Command): void {
  schedules
    .command("set")
    .argument("<name>", "name of the schedule", optionValue(readSchedule))
    .summary("add a schedule to the store, or change it")
    .description("Adds a schedule to the store, or changes the one there. Say when: --cron, --every or --at.")
    .requiredOption("--task <name>", "name of the task", optionValue(readTask))
    .addOption(new Option("--cron <expression>", "a cron expression").conflicts(["every", "at"]))
    .option("--timezone <name>", "time zone of --cron (default: UTC)")
    .addOption(new Option("--every <duration>", "an interval").argParser(optionValue(readDuration)).conflicts("at"))
    .option("--at <instant>", "one instant, such as 2026-12-24T18:00:00Z", optionValue(readInstant))
    .addOption(
      new Option("--args <json>", "arguments, a JSON array")
        .argParser(optionValue(readJsonArguments))
        .default([] as readonly unknown[], "[]"),
    )
    .option("--kwargs <json>", "keyword arguments, a JSON object (default: none)", optionValue(readJsonKeywords))
    .option("--queue <name>", "queue (default: the task's)", optionValue(readQueue))
    .option("--force", "take a task that the app does not know")
    .action(async (name: string, _flags: unknown, command: Command) => {
      const flags = command.optsWithGlobals<ScheduleSetFlags>();
      if (flags.cron === undefined && flags.every === undefined && flags.at === undefined)
        command.error("error: say when: --cron, --every or --at.");
      if (flags.timezone !== undefined && flags.cron === undefined) command.error("error: --timezone is for --cron.");
      const schedule = await timesOf(flags, command);
      const { setSchedule } = await import("../actions/change-schedules.ts");
      await setSchedule(name, schedule, flags);
    });
}

/** Time zones and calendars are loaded here alone, so that help is quick. */
async function timesOf(flags: TimesFlags, command: Command): Promise<Schedule> {
  const { readTimes } = await import("../values/read-times.ts");
  try {
    return readTimes(flags);
  } catch (error) {
    if (!isLovageError(error)) throw error;
    return command.error(`error: ${error.message}`);
  }
}

interface ChangeTexts {
  readonly summary: string;
  readonly description: string;
}

function addChangeCommand(schedules: Command, verb: ScheduleChange, { summary, description }: ChangeTexts): void {
  schedules
    .command(verb)
    .argument("<name>", "name of the schedule", optionValue(readSchedule))
    .summary(summary)
    .description(description)
    .addHelpText("after", `\nExample:\n  lovage -A ./tasks.ts schedules ${verb} nightly`)
    .action(async (name: string, _flags: unknown, command: Command) => {
      const { changeSchedule } = await import("../actions/change-schedules.ts");
      await changeSchedule(verb, name, command.optsWithGlobals<GlobalOptions>());
    });
}

function addRunCommand(schedules: Command): void {
  schedules
    .command("run")
    .argument("<name>", "name of the schedule", optionValue(readSchedule))
    .summary("send its call now, beside its ticks")
    .description("Sends the call of a schedule now, beside its ticks, and prints its id.")
    .action(async (name: string, _flags: unknown, command: Command) => {
      const { runSchedule } = await import("../actions/change-schedules.ts");
      await runSchedule(name, command.optsWithGlobals<GlobalOptions>());
    });
}
