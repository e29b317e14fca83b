import { asList, asNumber } from "@lovage/client-redis";
import type { SweepOutcome, SweepRequest } from "@lovage/lease-engine";
import { deadLetterQueueOf } from "@lovage/transport";

import { sweepScript } from "./scripts/sweep.ts";
import { enlist, type Server } from "./server.ts";

const defaultRetentionMs = 14 * 86_400_000;

/** Takes back what dead consumers held and drops old dead letters, queue by queue, at most `max` messages of each. */
export async function sweepQueues(server: Server, { queues, suspectAfter, max }: SweepRequest): Promise<SweepOutcome> {
  const outcomes = await Promise.all(
    queues.map(async (queue) => {
      const keys = [server.keys.base(queue), server.keys.base(deadLetterQueueOf(queue))];
      const reply = await server.connection().run(sweepScript, keys, [suspectAfter, max, defaultRetentionMs]);
      const [recovered, dropped, made] = asList(reply);
      await enlist(server, made);
      return { recovered: asNumber(recovered), dropped: asNumber(dropped) };
    }),
  );
  return {
    recovered: outcomes.reduce((sum, { recovered }) => sum + recovered, 0),
    more: outcomes.some(({ recovered, dropped }) => recovered + dropped >= max),
  };
}
