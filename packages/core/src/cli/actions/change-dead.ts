import type { DeadLetters, DeadSelection } from "../../queue/queue-handle.ts";
import type { DeadChangeFlags } from "../commands/dead-command.ts";
import { withApp } from "../app-module/open-app.ts";
import { exitCode } from "../exit-code.ts";
import { print, printJson } from "../output/print.ts";
import { sharedBroker } from "./shared-stores.ts";

/** Replays or drops dead letters of a queue and prints how many; ids of which none was found are a failure. */
export async function changeDead(verb: "replay" | "drop", queue: string, flags: DeadChangeFlags): Promise<void> {
  await withApp(flags, async (app) => {
    await sharedBroker(app);
    const { dead } = app.queue(queue);
    const selection = flags.ids === undefined ? selectionOf(flags) : await findMessages(dead, flags.ids);
    const count = await dead[verb](selection);
    if (flags.json === true) await printJson({ queue, count });
    else await print(`${queue}: ${count} ${verb === "replay" ? "replayed" : "dropped"}\n`);
    if (flags.ids !== undefined && count === 0) process.exitCode = exitCode.failure;
  });
}

function selectionOf({ limit }: DeadChangeFlags): DeadSelection {
  return limit === undefined ? "all" : { first: limit };
}

/** Messages by their own ids or by those of their tasks, which is what a user has at hand. */
async function findMessages(dead: DeadLetters, ids: readonly string[]): Promise<DeadSelection> {
  const wanted = new Set(ids);
  const messageIds: string[] = [];
  for await (const { messageId, taskId } of dead.list({ limit: 1_000 })) {
    if (wanted.has(messageId) || (taskId !== undefined && wanted.has(taskId))) messageIds.push(messageId);
  }
  return { messageIds };
}
