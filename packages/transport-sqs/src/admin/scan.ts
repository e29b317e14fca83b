import { readArrival, type Arrival } from "../message/arrival.ts";
import { visibilitySeconds } from "../calls/change-visibility.ts";
import { BrokerClock } from "../delays/delays.ts";
import { putBack } from "../leases/put-back.ts";
import type { KnownQueue } from "../queues/queue-directory.ts";
import { receive } from "../calls/receive.ts";
import type { SqsContext } from "../sqs-context.ts";

/** What is looked through. */
export interface Scan {
  readonly queue: KnownQueue;
  /** At most so many messages are looked at. */
  readonly most: number;
  /** Told of each message once, some ten at a time; gives those that are gone from the queue now. */
  readonly visit: (arrivals: readonly Arrival[]) => Promise<readonly Arrival[]>;
  /** Asked before each call. @default never */
  readonly isEnough?: () => boolean;
}

/** How long what is looked at stays hidden at most, in ms. */
const scanMs = 60_000;
/** In seconds, the shortest that asks all servers of SQS. Without a wait it asks a few, and a queue of few messages often looks empty: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-short-and-long-polling.html */
const waitSeconds = 1;

/**
 * Looks at messages near the head of a queue. SQS shows a message only by handing it out, so each is hidden for a moment, and then put back,
 * uncounted.
 */
export async function scan(context: SqsContext, { queue, most, visit, isEnough = () => false }: Scan): Promise<void> {
  const seen = new Map<string, Arrival>();
  const brokerClock = new BrokerClock(() => context.clock.now());
  try {
    for (let looked = 0; looked < most && !isEnough();) {
      const arrivals = await look(context, queue, Math.min(10, most - looked));
      if (arrivals.length === 0) break;
      looked += arrivals.length;
      const fresh = arrivals.filter((arrival) => note(seen, arrival));
      for (const arrival of fresh) brokerClock.note(arrival);
      // Between two hops of a long delay a message can be received, but is not ready.
      const ready = fresh.filter((arrival) => brokerClock.leftOf(arrival) <= 0);
      const gone = ready.length === 0 ? [] : await visit(ready);
      for (const { sqsId } of gone) seen.delete(sqsId);
    }
  } finally {
    await giveBack(context, queue, { arrivals: [...seen.values()], brokerClock });
  }
}

/** @returns whether it is seen for the first time. Of a message that comes twice only the newest handle is sure to count. */
function note(seen: Map<string, Arrival>, arrival: Arrival): boolean {
  const known = seen.get(arrival.sqsId);
  if (known === undefined) seen.set(arrival.sqsId, arrival);
  else known.handle = arrival.handle;
  return known === undefined;
}

async function giveBack(
  context: SqsContext,
  queue: KnownQueue,
  { arrivals, brokerClock }: { readonly arrivals: readonly Arrival[]; readonly brokerClock: BrokerClock },
): Promise<void> {
  const returns = arrivals.map((arrival) => {
    return { arrival, delayMs: Math.max(0, brokerClock.leftOf(arrival)), wasDelivered: false };
  });
  const failures = await putBack(context, queue, returns, { inOrder: true });
  const [first] = failures;
  if (first === undefined) return;
  const text = `${failures.length} messages of queue "${queue.queue}" that were looked at stay hidden for a minute.`;
  context.log.warn(text, { error: first.error.message });
}

async function look(context: SqsContext, queue: KnownQueue, max: number): Promise<readonly Arrival[]> {
  const request = { max, waitSeconds, visibilitySeconds: visibilitySeconds(scanMs) };
  const messages = await receive(context.api, queue, request);
  const nowMs = context.clock.monotonic();
  return messages.map((message) => readArrival(queue.queue, message, nowMs));
}
