import type { QueueStats } from "@lovage/transport";
import type { PurgeFlags } from "../flags/purge-flags.ts";
import { withApp } from "../app-module/open-app.ts";
import { exitCode } from "../exit-code.ts";
import { confirm } from "../output/confirm.ts";
import { print, printNote } from "../output/print.ts";
import { sharedBroker } from "./shared-stores.ts";

/** Removes what waits in some queues, all of which must exist; asks first unless told not to. */
export async function purgeQueues(queues: readonly string[], flags: PurgeFlags): Promise<void> {
  await withApp(flags, async (app) => {
    const { admin } = await sharedBroker(app);
    const stats = await admin.inspect(queues);
    if (
      flags.yes !== true &&
      !(await confirm(`Remove ${stats.map((counts) => waiting(counts)).join(", ")}, for good?`))
    ) {
      await printNote("Nothing was removed.\n");
      process.exitCode = exitCode.failure;
      return;
    }
    for (const queue of queues) await print(`${queue}: ${await admin.purge(queue)} removed\n`);
  });
}

function waiting({ queue, ready, delayed }: QueueStats): string {
  const count = ready + (delayed ?? 0);
  return `${count} ${count === 1 ? "message" : "messages"} of queue "${queue}"`;
}
