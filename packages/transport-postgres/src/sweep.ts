import type { SweepOutcome, SweepRequest } from "@lovage/lease-engine";
import { deadLetterQueueOf } from "@lovage/transport";

import type { Database } from "./database.ts";

/** Takes back what dead consumers held and drops old dead letters, a queue at a time. */
export async function sweepQueues({ client, statements }: Database, request: SweepRequest): Promise<SweepOutcome> {
  let recovered = 0;
  let dropped = 0;
  for (const queue of request.queues) {
    const left = request.max - recovered - dropped;
    if (left <= 0) break;
    const values = [queue, deadLetterQueueOf(queue), request.suspectAfter, left];
    const [[back, old] = []] = await client().query(statements.sweep, values, { repeatable: true });
    recovered += Number(back ?? 0);
    dropped += Number(old ?? 0);
  }
  return { recovered, more: recovered + dropped >= request.max };
}
