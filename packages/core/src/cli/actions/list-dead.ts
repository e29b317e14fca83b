import { maskSecrets } from "@lovage/foundation";
import type { DeadLetters, QueueEntry } from "../../queue/queue-handle.ts";
import type { DeadListFlags } from "../flags/dead-flags.ts";
import { withApp } from "../app-module/open-app.ts";
import { formatTable } from "../output/format-table.ts";
import type { Column } from "../output/format-table.ts";
import { print, printJson, printNote } from "../output/print.ts";
import { sharedBroker } from "./shared-stores.ts";

const maxPage = 1_000;

/** Prints the dead letters of a queue. */
export async function listDead(queue: string, flags: DeadListFlags): Promise<void> {
  await withApp(flags, async (app) => {
    const { admin } = await sharedBroker(app);
    // A queue that is not there has no dead letters: with a mistyped name all would look well.
    await admin.inspect([queue]);
    const { entries, isAll } = await firstOf(app.queue(queue).dead, flags.limit);
    if (flags.json === true) await printJson(entries.map((entry) => toJson(entry)));
    else if (entries.length === 0) await printNote(`Queue "${queue}" has no dead letters.\n`);
    else await print(formatTable(entries, columns));
    if (!isAll) await printNote(`There are more than these ${entries.length}: --limit shows more.\n`);
  });
}

interface FirstEntries {
  readonly entries: readonly QueueEntry[];
  readonly isAll: boolean;
}

async function firstOf(dead: DeadLetters, limit: number): Promise<FirstEntries> {
  const entries: QueueEntry[] = [];
  for await (const entry of dead.list({ limit: Math.min(limit + 1, maxPage) })) {
    if (entries.length === limit) return { entries, isAll: false };
    entries.push(entry);
  }
  return { entries, isAll: true };
}

function toJson({ messageId, taskId, task, argsRepr, death }: QueueEntry): Readonly<Record<string, unknown>> {
  return {
    messageId,
    taskId: taskId ?? null,
    task: task ?? null,
    args: argsRepr,
    reason: death?.reason ?? null,
    detail: death?.detail === undefined ? null : maskSecrets(death.detail),
    count: death?.count ?? null,
    diedAt: death === undefined ? null : new Date(death.atMs).toISOString(),
  };
}

const maxDetailLength = 60;

const columns: readonly Column<QueueEntry>[] = [
  { title: "MESSAGE", value: ({ messageId }) => messageId },
  { title: "TASK", value: ({ task }) => task ?? "-" },
  { title: "REASON", value: ({ death }) => death?.reason ?? "-" },
  { title: "COUNT", align: "right", value: ({ death }) => String(death?.count ?? "-") },
  { title: "DIED", value: ({ death }) => (death === undefined ? "-" : new Date(death.atMs).toISOString()) },
  { title: "DETAIL", value: ({ death }) => shorten(maskSecrets(death?.detail ?? "")) },
];

function shorten(text: string): string {
  return text.length > maxDetailLength ? `${text.slice(0, maxDetailLength).toWellFormed()}…` : text;
}
