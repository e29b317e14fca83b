import type { Schedule } from "../../beat/schedule/schedule.ts";
import { withApp } from "../app-module/open-app.ts";
import type { ScheduleChange, ScheduleSetFlags } from "../flags/schedules-flags.ts";
import type { GlobalOptions } from "../global-options.ts";
import { formatInstant } from "../output/format-instant.ts";
import { print } from "../output/print.ts";
import { requireTask } from "./require-task.ts";
import { checkSharedBackend, sharedBroker } from "./shared-stores.ts";

/** Pauses, resumes or removes a schedule. */
export async function changeSchedule(verb: ScheduleChange, name: string, flags: GlobalOptions): Promise<void> {
  await withApp(flags, async (app) => {
    await checkSharedBackend(app);
    await app.schedules[verb](name);
    await print(`${name}: ${{ pause: "paused", resume: "resumed", remove: "removed" }[verb]}\n`);
  });
}

/** Adds or changes a schedule of the store, and prints when it is next due. */
export async function setSchedule(name: string, schedule: Schedule, flags: ScheduleSetFlags): Promise<void> {
  await withApp(flags, async (app) => {
    const { task, args, kwargs, queue } = flags;
    if (flags.force !== true) requireTask(app, task);
    await checkSharedBackend(app);
    await app.schedules.set(name, {
      task,
      schedule,
      args,
      ...(kwargs === undefined ? {} : { kwargs }),
      ...(queue === undefined ? {} : { options: { queue } }),
    });
    const [next] = await app.schedules.next(name);
    await print(`${name}: set, ${next === undefined ? "but never due any more" : `next at ${formatInstant(next)}`}\n`);
  });
}

/** Sends the call of a schedule and prints its id. */
export async function runSchedule(name: string, flags: GlobalOptions): Promise<void> {
  await withApp(flags, async (app) => {
    await sharedBroker(app);
    await checkSharedBackend(app);
    const { id } = await app.schedules.run(name);
    await print(`${id}\n`);
  });
}
