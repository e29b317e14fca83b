import { asList, asNumber, asText } from "@lovage/client-redis";
import { deadLetterQueueOf, isDeadLetterQueue, type QueueStats } from "@lovage/transport";

import { readStamp } from "./item.ts";
import { statsScript } from "./scripts/queue.ts";
import { runOn, type Server } from "./server.ts";

const flowsPerCall = 500;

interface Counts {
  readonly ready: number;
  readonly delayed: number;
  readonly due: number;
  readonly unsettled: number;
  readonly oldestReadyMs?: number;
}

/** Counts of one queue. What is due counts as ready: the next claim makes it so. */
export async function queueStats(server: Server, queue: string): Promise<QueueStats> {
  const { ready, delayed, due, unsettled, oldestReadyMs } = await countMessages(server, queue);
  const dead = isDeadLetterQueue(queue) ? ready : (await countMessages(server, deadLetterQueueOf(queue))).ready;
  return {
    queue,
    ready: ready + due,
    delayed: delayed - due,
    unsettled,
    dead,
    ...(oldestReadyMs === undefined ? {} : { oldestReadyMs }),
  };
}

/** Flows are counted in steps, so that a queue with very many keys does not stop the server. */
async function countMessages(server: Server, queue: string): Promise<Counts> {
  let ready = 0;
  let oldest: number | undefined;
  for (let from = 0; ; from += flowsPerCall) {
    const reply = asList(await runOn(server, statsScript, queue, [from, from + flowsPerCall - 1]));
    const stamp = asText(reply[1]);
    const [suspects, delayed, due, unsettled, nowMs] = reply.slice(3).map(asNumber);
    ready += asNumber(reply[0]);
    if (stamp !== "") oldest = Math.min(oldest ?? Infinity, readStamp(stamp));
    if (asNumber(reply[2]) > 0) continue;
    return {
      ready: ready + (suspects ?? 0),
      delayed: delayed ?? 0,
      due: due ?? 0,
      unsettled: unsettled ?? 0,
      ...(oldest === undefined ? {} : { oldestReadyMs: Math.max(0, (nowMs ?? 0) - oldest) }),
    };
  }
}
