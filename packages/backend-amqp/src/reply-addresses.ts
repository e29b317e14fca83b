import { AmqpError, isAmqpError, type CallChannel } from "@lovage/client-amqp";
import type { Clock, Log } from "@lovage/foundation";

/** What {@link ReplyAddresses} work with. */
export interface ReplyAddressesParts {
  /** Asked in turn: a queue that is gone costs the channel that it was asked for over, so that one channel alone asks slowly. */
  readonly calls: readonly Pick<CallChannel, "call">[];
  readonly clock: Pick<Clock, "monotonic">;
  readonly log: Log;
}

/** While a queue was found away. */
interface Absence {
  readonly sinceMs: number;
  untilMs: number;
  /** Results for it are dropped. */
  isLong: boolean;
}

/** How long a result waits for a queue whose node is away: a node that is started again is back by then. A worker begins nothing else meanwhile. */
const patienceMs = 60_000;
/** A result that waits is asked for more often: attempts of the runtime take 10 s at most, and are 5 s apart. */
const silenceMs = 20_000;
/** Longer than from one attempt of the runtime to the next: what was not judged in time is fewer each time. Each answer costs the server a line in its log. */
const goneMs = 30_000;
const mostGone = 10_000;

/** Asks about queues of callers that no result could be brought to. */
export class ReplyAddresses {
  readonly #parts: ReplyAddressesParts;
  /** Questions under way: many results may be for one that is gone. */
  readonly #asked = new Map<string, Promise<AmqpError | null>>();
  /** When those that are gone were asked for, the oldest first. */
  readonly #gone = new Map<string, number>();
  readonly #absences = new Map<string, Absence>();
  #questions = 0;

  constructor(parts: ReplyAddressesParts) {
    this.#parts = parts;
  }

  /**
   * Why a result has to be sent again, since its queue comes back with its node, or is back. `null`: it is gone, or away for too long, or cannot be asked for.
   * Never rejects.
   */
  async judge(queue: string): Promise<AmqpError | null> {
    if (this.#isGone(queue)) return null;
    const asked = this.#asked.get(queue) ?? this.#ask(queue);
    this.#asked.set(queue, asked);
    const answer = await asked;
    this.#asked.delete(queue);
    return answer;
  }

  /** A queue has taken a result: should it be away again, that is another absence. */
  noteAccepted(queue: string): void {
    this.#absences.delete(queue);
  }

  async #ask(queue: string): Promise<AmqpError | null> {
    try {
      await this.#nextCalls().call(`looking for the queue of a caller, "${queue}"`, (channel) =>
        channel.checkQueue(queue),
      );
    } catch (error) {
      if (isAmqpError(error) && error.kind === "down") return this.#isAwayForLong(queue) ? null : error;
      if (isAmqpError(error) && error.retryable) return error;
      this.#noteGone(queue);
      return null;
    }
    this.#absences.delete(queue);
    return new AmqpError(`The queue of a caller, "${queue}", was away for a moment.`, { kind: "down" });
  }

  #nextCalls(): Pick<CallChannel, "call"> {
    const { calls } = this.#parts;
    this.#questions += 1;
    const next = calls[this.#questions % calls.length];
    if (next === undefined) throw new RangeError("There is no channel to ask over.");
    return next;
  }

  #isGone(queue: string): boolean {
    const nowMs = this.#parts.clock.monotonic();
    for (const [name, askedMs] of this.#gone) {
      if (nowMs - askedMs <= goneMs && this.#gone.size <= mostGone) break;
      this.#gone.delete(name);
    }
    return this.#gone.has(queue);
  }

  #noteGone(queue: string): void {
    this.#absences.delete(queue);
    this.#gone.delete(queue);
    this.#gone.set(queue, this.#parts.clock.monotonic());
  }

  #isAwayForLong(queue: string): boolean {
    const { clock, log } = this.#parts;
    const nowMs = clock.monotonic();
    for (const [name, { untilMs, isLong }] of this.#absences)
      if (nowMs - untilMs > (isLong ? patienceMs : silenceMs)) this.#absences.delete(name);
    const absence = this.#absences.get(queue) ?? { sinceMs: nowMs, untilMs: nowMs, isLong: false };
    absence.untilMs = nowMs;
    absence.isLong = nowMs - absence.sinceMs > patienceMs;
    this.#absences.set(queue, absence);
    if (absence.isLong)
      log.warn("The queue of a caller is away with its node for too long: a result for it is dropped.", { queue });
    return absence.isLong;
  }
}
