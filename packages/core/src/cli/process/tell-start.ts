import type { App } from "../../app/app.ts";
import { configurationOf, runtimeOf } from "../../app/runtime-of.ts";
import type { WorkerFlags } from "../flags/worker-flags.ts";
import { printNote } from "../output/print.ts";
import { bannerText, describeApp } from "./describe-app.ts";
import { hasTextLog } from "./log-form.ts";

/** Tells what begins: in a few lines for a person, in one of the log for a program. */
export async function tellStart(app: App, flags: WorkerFlags): Promise<void> {
  const { log } = runtimeOf(app);
  const description = describeApp(app, flags);
  const isTalkative = ["debug", "info"].includes(configurationOf(app).logLevel);
  if (isTalkative && hasTextLog(flags)) await printNote(bannerText(description));
  else log.info("Worker starts.", { ...description });
  if (description.tasks.length > 0) return;
  log.warn(
    "The app has no task that could run here. Define them in the module of --app, or name their modules in `tasks` or `include`.",
  );
}
