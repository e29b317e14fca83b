import type { CallOptions } from "../../app/call-options.ts";
import { callByName, runtimeOf } from "../../app/runtime-of.ts";
import { withApp } from "../app-module/open-app.ts";
import type { CallFlags } from "../flags/call-flags.ts";
import { print, printJson } from "../output/print.ts";
import { awaitResult } from "../output/await-result.ts";
import { requireTask } from "./require-task.ts";
import { checkSharedBackend, sharedBroker } from "./shared-stores.ts";

/** Sends a call by the name of its task; prints its id, or its result. */
export async function callTask(task: string, flags: CallFlags): Promise<void> {
  await withApp(flags, async (app) => {
    if (flags.force !== true) requireTask(app, task);
    await sharedBroker(app);
    // Before the call is sent: a result that nobody can read would be waited for in vain.
    if (flags.wait === true) await checkSharedBackend(app);
    const result = await callByName(app, { task, args: flags.args, options: callOptions(flags) });
    if (flags.wait === true)
      await printJson(await awaitResult(result, { clock: runtimeOf(app).clock, timeout: flags.timeout }));
    else await print(`${result.id}\n`);
  });
}

function callOptions({ kwargs, queue, countdown, eta, expires, priority, taskId }: CallFlags): CallOptions {
  return { kwargs, queue, countdown, eta, expires, priority, taskId };
}
