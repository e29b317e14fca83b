import { parentPort, workerData } from "node:worker_threads";

import type { Timer } from "@lovage/foundation";
import { systemClock } from "@lovage/foundation";

import { LeaseSlots } from "./lease-slots.ts";
import type { RenewalNews, RenewalOrder, RenewalWorkerData } from "./renewal-messages.ts";
import { RenewalRounds } from "./renewal-rounds.ts";
import type { OpenRenewer } from "../store.ts";
import { threadMs } from "./thread-ms.ts";

// The whole of the renewal thread. Started by `RenewalThread`, never imported.
const data = workerData as RenewalWorkerData;
const { openRenewer } = (await import(data.module.url)) as { readonly openRenewer: OpenRenewer };
const nowMs = (): number => threadMs() - data.aheadMs;
const renewer = await openRenewer(data.module.options, nowMs);
const rounds = new RenewalRounds(data.queues, {
  ...data,
  slots: new LeaseSlots(data.buffer),
  renewer,
  nowMs,
  onLost: (lost) => tell({ lost }),
});
let isClosed = false;
let timer: Timer | undefined;

function tell(news: RenewalNews): void {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a rule for windows; ports have no origin.
  parentPort?.postMessage(news);
}

function look(): void {
  rounds.run().catch(() => {
    // The store is away: the next look tries again, and the event loop counts down to the end of the leases.
  });
  if (!isClosed) timer = systemClock.timer(Math.min(1_000, Math.max(5, data.renewEveryMs / 8)), look);
}

async function obey(order: RenewalOrder): Promise<void> {
  if ("queue" in order) {
    rounds.queues.push(order.queue);
    return;
  }
  isClosed = true;
  timer?.cancel();
  await renewer.close();
  parentPort?.close();
}

parentPort?.on("message", (order: RenewalOrder) => void obey(order));
tell({ ready: true });
look();
