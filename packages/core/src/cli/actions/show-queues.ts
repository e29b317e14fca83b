import { formatDuration } from "@lovage/foundation";
import type { QueueStats } from "@lovage/transport";
import { configurationOf } from "../../app/runtime-of.ts";
import type { QueuesFlags } from "../flags/queues-flags.ts";
import { withApp } from "../app-module/open-app.ts";
import { formatTable } from "../output/format-table.ts";
import type { Column } from "../output/format-table.ts";
import { print, printJson, printNote } from "../output/print.ts";
import { placeOf } from "../process/describe-app.ts";
import { inspectQueues } from "../../queue/inspect-queues.ts";
import { sharedBroker } from "./shared-stores.ts";

/** Prints the counts of queues: of those named, or of all that broker and app tell of. */
export async function showQueues(names: readonly string[], flags: QueuesFlags): Promise<void> {
  await withApp(flags, async (app) => {
    const { admin } = await sharedBroker(app);
    const stats = names.length > 0 ? await admin.inspect(names) : await inspectQueues(app, admin);
    if (flags.json === true) await printJson(stats.map((counts) => toJson(counts)));
    else if (stats.length === 0)
      await printNote(`There are no queues yet. The broker is ${placeOf(configurationOf(app).broker)}.\n`);
    else await print(formatTable(stats, columns));
  });
}

function toJson({
  queue,
  ready,
  delayed,
  unsettled,
  dead,
  oldestReadyMs,
}: QueueStats): Readonly<Record<string, unknown>> {
  return {
    queue,
    ready,
    delayed: delayed ?? null,
    unsettled: unsettled ?? null,
    dead: dead ?? null,
    oldestReadyMs: oldestReadyMs ?? null,
  };
}

const columns: readonly Column<QueueStats>[] = [
  { title: "QUEUE", value: ({ queue }) => queue },
  countColumn("READY", ({ ready }) => ready),
  countColumn("DELAYED", ({ delayed }) => delayed),
  countColumn("UNSETTLED", ({ unsettled }) => unsettled),
  countColumn("DEAD", ({ dead }) => dead),
  { title: "OLDEST", align: "right", value: ({ oldestReadyMs }) => age(oldestReadyMs) },
];

function countColumn(title: string, count: (stats: QueueStats) => number | undefined): Column<QueueStats> {
  return { title, align: "right", value: (stats) => String(count(stats) ?? "-") };
}

function age(ms: number | undefined): string {
  if (ms === undefined) return "-";
  const unitMs = [86_400_000, 3_600_000, 60_000, 1_000].find((unit) => ms >= 10 * unit) ?? 1_000;
  return formatDuration(Math.floor(ms / unitMs) * unitMs);
}
