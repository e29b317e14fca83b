import type { WakeUps } from "@lovage/client-postgres";
import type { Log } from "@lovage/foundation";

/** What those who write calls announce. */
const topic = "calls";
/** Turns in a row that found calls, after which the leader counts as busy. */
const busyAfter = 3;
/** Before the first look by itself; twice as long before each further one. */
const firstLookMs = 62.5;

/**
 * The sleep of a relay that leads. While it lasts, those who write calls notify at their commit; while there is always something to publish nobody does, so that commits of users
 * are not lined up by it. Of a call that was written before the sleep and is committed in it nobody tells: therefore the leader looks by itself, soon after it fell asleep or was
 * woken, and then less and less often.
 */
export class LeaderSleep {
  readonly #wakeUps: WakeUps;
  readonly #log: Log;
  #busyTurns = 0;
  #looks = 0;

  constructor(wakeUps: WakeUps, log: Log) {
    this.#wakeUps = wakeUps;
    this.#log = log;
  }

  /** There are calls to publish. */
  async found(): Promise<void> {
    this.#looks = 0;
    this.#busyTurns += 1;
    if (this.#busyTurns >= busyAfter) await this.end();
  }

  /** There were none. Whether it has only now begun to be told of new ones: it is to look once more then. */
  async begin(): Promise<boolean> {
    this.#busyTurns = 0;
    if (this.#wakeUps.isArmed(topic)) return false;
    try {
      await this.#wakeUps.arm([topic]);
      return true;
    } catch (error) {
      // It looks by itself, and comes back here.
      this.#log.debug("The relay sleeps without notifications.", { error: String(error) });
      return false;
    }
  }

  /** Nobody need tell it any more: it is busy, or leads no longer. */
  async end(): Promise<void> {
    try {
      await this.#wakeUps.disarm([topic]);
    } catch (error) {
      this.#log.debug("Notifications of the outbox go on.", { error: String(error) });
    }
  }

  /** It was told of new calls. What it finds may not be all that is being written. */
  woken(): void {
    this.#looks = 0;
  }

  /** The connection on which it slept is gone. */
  forget(): void {
    this.#wakeUps.forget();
  }

  /** When to look next, in ms, and at most so many. */
  nextLookMs(maxMs: number): number {
    const ms = Math.min(maxMs, firstLookMs * 2 ** this.#looks);
    this.#looks = Math.min(this.#looks + 1, 10);
    return ms;
  }
}
