import { runtimeOf } from "../../app/runtime-of.ts";
import { exitCode } from "../exit-code.ts";
import type { ResultFlags } from "../flags/result-flags.ts";
import { withApp } from "../app-module/open-app.ts";
import { awaitResult } from "../output/await-result.ts";
import { checkReadableResults } from "./shared-stores.ts";
import { printJson, printNote } from "../output/print.ts";

/** Prints the result of a call, or the state of one that has none yet. */
export async function showResult(id: string, flags: ResultFlags): Promise<void> {
  await withApp(flags, async (app) => {
    await checkReadableResults(app);
    const result = app.result(id);
    if (flags.wait === true || (await result.ready())) {
      await printJson(await awaitResult(result, { clock: runtimeOf(app).clock, timeout: flags.timeout }));
      return;
    }
    const state = await result.state();
    const meaning = state === "PENDING" ? ": it has not run yet, or its result has expired, or it was never sent" : "";
    await printNote(`lovage: Task ${id} has no result yet; its state is ${state}${meaning}.\n`);
    process.exitCode = exitCode.failure;
  });
}
