import type { WakeUps } from "@lovage/client-postgres";
import type { Log } from "@lovage/foundation";
import type { Claim, ClaimRequest } from "@lovage/lease-engine";

import type { Peek } from "./claim.ts";

/** What {@link Sleepers} work with. */
export interface SleepersOptions {
  readonly wakeUps: WakeUps;
  readonly log: Log;
  readonly peek: (queue: string) => Promise<Peek>;
  /** Tells the engine to claim again, if it has room. */
  readonly wake: (queue: string) => void;
}

/** Full claims in a row after which a queue counts as busy. */
const busyAfter = 3;

/**
 * Lets a queue sleep when a claim finds nothing, so that publishers tell it of new messages, and lets it be busy when it has a backlog, so that they save themselves the
 * telling.
 */
export class Sleepers {
  readonly #wakeUps: WakeUps;
  readonly #log: Log;
  readonly #peek: (queue: string) => Promise<Peek>;
  readonly #wake: (queue: string) => void;
  /** Full claims in a row, by queue. */
  readonly #streaks = new Map<string, number>();

  constructor({ wakeUps, log, peek, wake }: SleepersOptions) {
    this.#wakeUps = wakeUps;
    this.#log = log;
    this.#peek = peek;
    this.#wake = wake;
  }

  /**
   * Claims, and looks a last time once it is sure to be told of what comes after. That look takes nothing: whether there is still room for what it sees is the
   * engine's to know, which is woken.
   */
  async claim({ queue, max }: ClaimRequest, claimOnce: () => Promise<Claim>): Promise<Claim> {
    const claim = await claimOnce();
    if (claim.messages.length > 0) {
      this.#found(queue, claim.messages.length === max);
      return claim;
    }
    this.#streaks.delete(queue);
    if (this.#wakeUps.isArmed(queue)) return claim;
    try {
      await this.#wakeUps.arm([queue]);
    } catch (error) {
      // The engine polls, and comes back here.
      this.#log.debug("Sleeping without notifications.", { queue, error: String(error) });
      return claim;
    }
    const { isReady, nextDueInMs } = await this.#peek(queue);
    if (isReady) this.#wake(queue);
    const { messages, suspectsWait } = claim;
    return { messages, suspectsWait, ...(nextDueInMs === undefined ? {} : { nextDueInMs }) };
  }

  #found(queue: string, isFull: boolean): void {
    const streak = isFull ? (this.#streaks.get(queue) ?? 0) + 1 : 0;
    this.#streaks.set(queue, streak);
    if (streak < busyAfter || !this.#wakeUps.isArmed(queue)) return;
    this.#wakeUps
      .disarm([queue])
      .catch((error: unknown) => this.#log.debug("Notifications go on.", { queue, error: String(error) }));
  }
}
