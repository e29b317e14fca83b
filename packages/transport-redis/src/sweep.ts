import { asList, asNumber, isRedisError } from "@lovage/client-redis";
import type { SweepOutcome, SweepRequest } from "@lovage/lease-engine";
import { deadLetterQueueOf } from "@lovage/transport";

import { sweepScript } from "./scripts/sweep.ts";
import { enlist, type Server } from "./server.ts";

const defaultRetentionMs = 14 * 86_400_000;

/**
 * Takes back what dead consumers held and drops old dead letters, queue by queue, at most `max` messages of each. What was done for some queues is told, though others
 * could not be asked for now.
 * @throws what all of them failed with, or one that no repetition mends
 */
export async function sweepQueues(server: Server, { queues, suspectAfter, max }: SweepRequest): Promise<SweepOutcome> {
  const sweeps = await Promise.allSettled(queues.map((queue) => sweepQueue(server, queue, { suspectAfter, max })));
  const outcomes = sweeps.flatMap((sweep) => (sweep.status === "fulfilled" ? [sweep.value] : []));
  const reasons = sweeps.flatMap((sweep) => (sweep.status === "rejected" ? [sweep.reason as Error] : []));
  const reason = reasons.find((one) => !isPassing(one)) ?? (outcomes.length === 0 ? reasons[0] : undefined);
  if (reason !== undefined) throw reason;
  return {
    recovered: outcomes.reduce((sum, { recovered }) => sum + recovered, 0),
    more: outcomes.some(({ recovered, dropped }) => recovered + dropped >= max),
  };
}

interface QueueOutcome {
  readonly recovered: number;
  readonly dropped: number;
}

async function sweepQueue(
  server: Server,
  queue: string,
  { suspectAfter, max }: Omit<SweepRequest, "queues">,
): Promise<QueueOutcome> {
  const keys = [server.keys.base(queue), server.keys.base(deadLetterQueueOf(queue))];
  const reply = await server.connection().run(sweepScript, keys, [suspectAfter, max, defaultRetentionMs]);
  const [recovered, dropped, made] = asList(reply);
  await enlist(server, made);
  return { recovered: asNumber(recovered), dropped: asNumber(dropped) };
}

function isPassing(error: unknown): boolean {
  return isRedisError(error) && error.retryable;
}
