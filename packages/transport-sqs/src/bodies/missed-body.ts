import { backOff } from "@lovage/foundation";
import { isDeadLetterQueue } from "@lovage/transport";

import type { Arrival } from "../message/arrival.ts";
import { isFifo } from "../queues/queue-name.ts";
import type { Return } from "../leases/put-back.ts";

const waits = { baseMs: 2_000, maxMs: 300_000, jitter: "equal" } as const;
/** A FIFO queue counts each receive: so few tries are to last for hours. */
const fifoWaits = { ...waits, maxMs: 900_000 };

/** Most of a day, at the longest waits: as long as it may take somebody to notice what is wrong. */
const mostMisses = 288;

/** As often, on a FIFO queue. */
const mostFifoMisses = 20;

/** How often the body may have been missed: what goes back in its place carries no count, and tells only how often it was received. */
export function missesOf(queue: string, { stamp, receives }: Arrival): number {
  return isFifo(queue) || isDeadLetterQueue(queue) ? receives - 1 : stamp.misses;
}

/** Whether a message whose body could not be fetched is given up: what no worker can run is to be seen among the dead letters, from where it can be replayed. */
export function isMissedTooOften(queue: string, arrival: Arrival): boolean {
  return isFifo(queue) ? missesOf(queue, arrival) >= mostFifoMisses : arrival.stamp.misses >= mostMisses;
}

/** How a message goes back whose body could not be fetched: for longer each time, since a body that nobody may fetch would be asked for without end. */
export function returnOfMissed(queue: string, arrival: Arrival, random?: () => number): Return {
  const { stamp } = arrival;
  const missed = { ...arrival, stamp: { ...stamp, misses: stamp.misses + 1 } };
  const delayMs = backOff(isFifo(queue) ? fifoWaits : waits, missesOf(queue, arrival), random);
  return { arrival: missed, delayMs, wasDelivered: false };
}
