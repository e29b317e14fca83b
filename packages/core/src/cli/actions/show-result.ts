import { exitCode } from "../exit-code.ts";
import type { ResultFlags } from "../commands/result-command.ts";
import { withApp } from "../app-module/open-app.ts";
import { checkReadableResults } from "./shared-stores.ts";
import { printJson, printNote } from "../output/print.ts";

/** Prints the result of a call, or the state of one that has none yet. */
export async function showResult(id: string, flags: ResultFlags): Promise<void> {
  await withApp(flags, async (app) => {
    await checkReadableResults(app);
    const result = app.result(id);
    if (flags.wait === true || (await result.ready())) {
      await printJson((await result.get({ timeout: flags.timeout })) ?? null);
      return;
    }
    await printNote(`lovage: Task ${id} has no result yet; its state is ${await result.state()}.\n`);
    process.exitCode = exitCode.failure;
  });
}
