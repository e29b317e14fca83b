import { hasCode, type Clock } from "@lovage/foundation";
import { TransportRejectedError } from "@lovage/transport";

import { mayPass } from "../calls/batches.ts";
import { deleteAll } from "../calls/delete.ts";
import { kindOf } from "../failure.ts";
import type { KnownQueue } from "../queues/queue-directory.ts";
import type { SqsApi } from "../sqs-api.ts";

interface Refusal {
  readonly error: Error;
  askedAtMs: number;
}

/** A minute's worth of questions is little, and whoever mends a policy need not wait long. */
const askEveryMs = 5_000;
/** No message has it. Whether we may delete is decided before SQS looks at it. */
const nobodysHandle = "lovage-may-we-delete";

/**
 * Which queues we may not delete from (`sqs:DeleteMessage`). Nothing could be ended there: each of its messages would come again when its lease has ended, and what
 * goes out with it would be sent once more, for days. So nothing is taken from such a queue, nor sent on behalf of what was taken, until that is mended.
 */
export class Deletions {
  readonly #api: SqsApi;
  readonly #clock: Clock;
  readonly #refusals = new Map<string, Refusal>();

  constructor(api: SqsApi, clock: Clock) {
    this.#api = api;
    this.#clock = clock;
  }

  /** A message could not be deleted. */
  note({ queue }: KnownQueue, cause: Error): void {
    if (!isDenied(cause) || this.#refusals.has(queue)) return;
    const text = `Nothing is taken from queue "${queue}" until its messages may be deleted: each would run again when its lease has ended. ${cause.message}`;
    const error = new TransportRejectedError(text, { cause });
    this.#refusals.set(queue, { error, askedAtMs: this.#clock.monotonic() });
  }

  areRefused(queue: string): boolean {
    return this.#refusals.has(queue);
  }

  /** @throws TRANSPORT_REJECTED for a queue that we may not delete from; SQS is asked once more after a while */
  async require(known: KnownQueue): Promise<void> {
    const refusal = this.#refusals.get(known.queue);
    if (refusal === undefined) return;
    const nowMs = this.#clock.monotonic();
    if (nowMs - refusal.askedAtMs >= askEveryMs) {
      refusal.askedAtMs = nowMs;
      if (await this.#mayDelete(known)) this.#refusals.delete(known.queue);
    }
    if (this.#refusals.has(known.queue)) throw refusal.error;
  }

  async #mayDelete(known: KnownQueue): Promise<boolean> {
    const failures = await deleteAll(this.#api, known, [nobodysHandle]);
    return failures.every(({ error }) => !isDenied(error) && !mayPass(error));
  }
}

function isDenied(error: Error): boolean {
  return hasCode(error, "TRANSPORT_REJECTED") && kindOf(error.cause) === "denied";
}
