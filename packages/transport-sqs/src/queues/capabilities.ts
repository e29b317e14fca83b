import { isDeadLetterQueue, type Capabilities, type QueueCapabilities } from "@lovage/transport";

import { longestLineMs } from "../consuming/longest-line.ts";
import type { KnownQueue } from "./queue-directory.ts";

/** What SQS adds to a message of ours: its envelope, a stamp, and the record of a death. */
const overheadBytes = 8_192;
/** 1 MiB: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html */
const maxSqsBytes = 1_048_576;

/** How large a message may be in a queue that takes so many bytes: it is written in base64, and its body in base64 once more. */
export function ownMessageBytes(sqsBytes: number): number {
  return Math.max(0, Math.floor(((sqsBytes - overheadBytes) * 9) / 16));
}

/** What depends on how a store is used. */
export interface Usage extends Required<Pick<Capabilities, "doublesWithinMs">> {
  /** How long a message may be held. */
  readonly holdMs: number;
  /** How large a body may be that is kept elsewhere. @default none is */
  readonly claimBytes?: number | undefined;
}

/** What SQS can do; queues differ. */
export function sqsCapabilities({ doublesWithinMs, holdMs, claimBytes = 0 }: Usage): Capabilities {
  return Object.freeze<Capabilities>({
    reach: "network",
    durability: "node",
    fencing: "deadline",
    recovery: "lease",
    order: "none",
    priorities: false,
    fairness: false,
    delayHorizonMs: Number.POSITIVE_INFINITY,
    exchanges: "app",
    atomicHandOver: false,
    atomicPublish: false,
    transactions: null,
    broadcast: false,
    browse: "head",
    countsLosses: true,
    doublesWithinMs,
    hold: holdOf(holdMs),
    maxMessageBytes: Math.max(claimBytes, ownMessageBytes(maxSqsBytes)),
  });
}

function holdOf(maxMs: number): NonNullable<Capabilities["hold"]> {
  return {
    maxMs,
    advice: "SQS has no longer one: make several tasks of it, a chain for instance, or lower timeLimit.",
  };
}

/** What one queue can do. Only standard queues double messages. */
export function queueCapabilities(
  { queue, isFifo }: KnownQueue,
  { maxMessageBytes, holdMs }: { readonly maxMessageBytes: number; readonly holdMs: number },
): Partial<QueueCapabilities> {
  const once = { countsLosses: false, doublesWithinMs: undefined };
  if (isDeadLetterQueue(queue)) return { ...once, maxMessageBytes };
  if (!isFifo) return { maxMessageBytes };
  return { ...once, countsReleases: true, order: "key", hold: holdOf(holdMs - longestLineMs), maxMessageBytes };
}
