import type { DeadLetters, DeadSelection } from "../../queue/queue-handle.ts";
import type { DeadChangeFlags } from "../flags/dead-flags.ts";
import { withApp } from "../app-module/open-app.ts";
import { exitCode } from "../exit-code.ts";
import { print, printJson, printNote } from "../output/print.ts";
import { sharedBroker } from "./shared-stores.ts";

/** Replays or drops dead letters of a queue and prints how many; an id that was not found is a failure. */
export async function changeDead(verb: "replay" | "drop", queue: string, flags: DeadChangeFlags): Promise<void> {
  await withApp(flags, async (app) => {
    const { admin } = await sharedBroker(app);
    // A queue that is not there has no dead letters: with a mistyped name all would look well.
    await admin.inspect([queue]);
    const { dead } = app.queue(queue);
    const found = flags.ids === undefined ? undefined : await findMessages(dead, flags.ids);
    const count = await dead[verb](found === undefined ? selectionOf(flags) : { messageIds: found.messageIds });
    if (flags.json === true) await printJson({ queue, count });
    else await print(`${queue}: ${count} ${verb === "replay" ? "replayed" : "dropped"}\n`);
    if (found === undefined) return;
    const { missing, messageIds } = found;
    if (missing.length > 0) await printNote(`No dead letter of queue "${queue}" has the id ${missing.join(", ")}.\n`);
    if (missing.length > 0 || count < messageIds.length) process.exitCode = exitCode.failure;
  });
}

/** Dead letters, and ids that none of them has. */
interface Found {
  readonly messageIds: readonly string[];
  readonly missing: readonly string[];
}

function selectionOf({ limit }: DeadChangeFlags): DeadSelection {
  return limit === undefined ? "all" : { first: limit };
}

/** Messages by their own ids or by those of their tasks, which is what a user has at hand. */
async function findMessages(dead: DeadLetters, ids: readonly string[]): Promise<Found> {
  const wanted = new Set(ids);
  const missing = new Set(ids);
  const messageIds: string[] = [];
  for await (const { messageId, taskId } of dead.list({ limit: 1_000 })) {
    const named = [messageId, taskId].filter((id) => id !== undefined && wanted.has(id));
    if (named.length > 0) messageIds.push(messageId);
    for (const id of named) missing.delete(id as string);
  }
  return { messageIds, missing: [...missing] };
}
