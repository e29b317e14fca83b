import { backOff } from "@lovage/foundation";

import type { Arrival } from "./arrival.ts";
import { isFifo } from "./queue-name.ts";
import type { Return } from "./put-back.ts";

const waits = { baseMs: 2_000, maxMs: 300_000, jitter: "equal" } as const;
/** A FIFO queue counts each receive: those that make a message poison are to last for hours. */
const fifoWaits = { ...waits, maxMs: 900_000 };

/** How a message goes back whose body could not be fetched: for longer each time, since a body that nobody may fetch would be asked for without end. */
export function returnOfMissed(queue: string, arrival: Arrival, random?: () => number): Return {
  const { stamp, receives } = arrival;
  const missed = { ...arrival, stamp: { ...stamp, misses: stamp.misses + 1 } };
  const delayMs = isFifo(queue) ? backOff(fifoWaits, receives - 1, random) : backOff(waits, stamp.misses, random);
  return { arrival: missed, delayMs, wasDelivered: false };
}
