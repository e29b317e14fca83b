import type { Clock, Timer } from "@lovage/foundation";
import type { RoutedMessage } from "@lovage/lease-engine";

/** Notifications are written under a lock of the whole database, so in the long run no queue gets more than one in so many ms from one program. */
const quietMs = 5;
/** So many may follow each other closer than that: single calls on an idle queue are not to wait for it. */
const burst = 8;
/** A sleeper looks by itself before a message that is further away is due. */
const soonMs = 5_000;

/** What a publish in a transaction of a user's does about sleepers. */
export interface UncommittedAnnouncement {
  /** Told in the same transaction. */
  readonly now: readonly string[];
  /** To be given to `later` after the statement. */
  readonly rest: readonly string[];
}

/** What a publish does about sleepers, whose statement is its transaction. */
export interface Announcement extends UncommittedAnnouncement {
  /** Those of `now` that waited to be told: to be given to `later` when there was no commit. */
  readonly waited: readonly string[];
}

/** Decides which publishes tell sleepers, and tells late what was left out. */
export class Announcer {
  readonly #clock: Clock;
  readonly #announce: (queues: readonly string[]) => void;
  /** When each queue's allowance is whole again: the generic cell rate algorithm. */
  readonly #wholeAtMs = new Map<string, number>();
  readonly #waiting = new Set<string>();
  #timer: Timer | undefined;
  #isClosed = false;

  /** @param announce Tells sleepers now, in a transaction of its own. Must not throw. */
  constructor(clock: Clock, announce: (queues: readonly string[]) => void) {
    this.#clock = clock;
    this.#announce = announce;
  }

  /** What to do about queues that get messages. What is told now need not be told once more for messages that were committed before. */
  plan(queues: Iterable<string>): Announcement {
    const { now, rest } = this.planUncommitted(queues);
    return { now, rest, waited: now.filter((queue) => this.#waiting.delete(queue)) };
  }

  /**
   * As `plan`, for a transaction of a user's. What waits to be told is left to wait: nobody knows whether, and when, that transaction is committed. What is told of `rest` may come
   * before the commit: a sleeper that is woken and finds nothing looks again, soon and then less and less often.
   */
  planUncommitted(queues: Iterable<string>): UncommittedAnnouncement {
    const nowMs = this.#clock.monotonic();
    const [now, rest]: [string[], string[]] = [[], []];
    for (const queue of queues) (this.#spend(queue, nowMs) ? now : rest).push(queue);
    return { now, rest };
  }

  later(queues: readonly string[]): void {
    if (this.#isClosed) return;
    for (const queue of queues) this.#waiting.add(queue);
    if (this.#waiting.size === 0 || this.#timer !== undefined) return;
    this.#timer = this.#clock.timer(quietMs, () => this.#tell(), { keepAlive: false });
  }

  /** Tells no more. Gives the queues that are still to be told. */
  close(): readonly string[] {
    this.#isClosed = true;
    this.#timer?.cancel();
    this.#timer = undefined;
    const untold = [...this.#waiting];
    this.#waiting.clear();
    this.#wholeAtMs.clear();
    return untold;
  }

  /** Whether a queue may be told of now; takes that from its allowance. */
  #spend(queue: string, nowMs: number): boolean {
    const wholeAtMs = Math.max(nowMs, this.#wholeAtMs.get(queue) ?? 0);
    if (wholeAtMs - nowMs > (burst - 1) * quietMs) return false;
    this.#wholeAtMs.set(queue, wholeAtMs + quietMs);
    return true;
  }

  #tell(): void {
    this.#timer = undefined;
    const queues = [...this.#waiting];
    this.#waiting.clear();
    if (queues.length > 0) this.#announce(queues);
  }
}

/** Queues in which a message becomes ready before sleepers look by themselves. */
export function queuesToTell(messages: readonly RoutedMessage[]): ReadonlySet<string> {
  return new Set(messages.filter((message) => isSoon(message)).map(({ to }) => to));
}

function isSoon({ notBefore }: RoutedMessage): boolean {
  return notBefore === undefined || "atMs" in notBefore || notBefore.inMs < soonMs;
}
