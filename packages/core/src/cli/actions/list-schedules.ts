import type { ScheduleEntry } from "../../beat/book/schedule-entry.ts";
import { withApp } from "../app-module/open-app.ts";
import type { SchedulesFlags } from "../flags/schedules-flags.ts";
import { formatInstant } from "../output/format-instant.ts";
import { formatTable } from "../output/format-table.ts";
import type { Column } from "../output/format-table.ts";
import { print, printJson, printNote } from "../output/print.ts";
import { checkSharedBackend } from "./shared-stores.ts";

/** Prints all schedules of the app. */
export async function listSchedules(flags: SchedulesFlags): Promise<void> {
  await withApp(flags, async (app) => {
    await checkSharedBackend(app);
    const entries = await app.schedules.list();
    if (flags.json === true) await printJson(entries);
    else if (entries.length === 0) await printNote("There are no schedules yet.\n");
    else await print(formatTable(entries, columns));
  });
}

/** Prints the next instants of a schedule. */
export async function showNext(name: string, flags: SchedulesFlags): Promise<void> {
  await withApp(flags, async (app) => {
    await checkSharedBackend(app);
    const instants = await app.schedules.next(name, flags.count);
    if (flags.json === true) await printJson(instants);
    else if (instants.length === 0) await printNote(`Schedule "${name}" is not due any more.\n`);
    else await print(instants.map((instant) => `${formatInstant(instant)}\n`).join(""));
  });
}

const columns: readonly Column<ScheduleEntry>[] = [
  { title: "NAME", value: ({ name }) => name },
  { title: "TASK", value: ({ task }) => task },
  { title: "SCHEDULE", value: ({ schedule }) => String(schedule) },
  { title: "SOURCE", value: ({ source }) => source },
  { title: "RUNS", align: "right", value: ({ runs }) => String(runs) },
  { title: "LAST", value: ({ lastRunAt }) => formatInstant(lastRunAt) },
  { title: "NEXT", value: ({ isPaused, nextRunAt }) => (isPaused ? "paused" : formatInstant(nextRunAt)) },
];
