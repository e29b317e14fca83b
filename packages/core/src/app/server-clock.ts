import type { Backend } from "@lovage/backend";
import { clockOffsetMs, formatDuration, within } from "@lovage/foundation";
import type { Clock, Log } from "@lovage/foundation";
import type { Connection } from "@lovage/transport";

/** Tells the time of a server, in Unix milliseconds. */
export type ServerTime = () => Promise<number>;

/** What a clock by a server is made of. */
export interface ServerClockOptions {
  readonly clock: Clock;
  readonly log: Log;
  /** `undefined`: no server tells its time, and this machine's is taken for it. */
  readonly ask: ServerTime | undefined;
}

const longestAnswerMs = 1_000;
/** Two machines that are kept by NTP differ by less. */
const tolerableMs = 5_000;

/**
 * The time by which tasks expire and schedules tick: that of the broker or the store, so that a wrong clock on one machine does no harm. Until it was
 * asked, and where it cannot be, it is this machine's.
 */
export class ServerClock implements Clock {
  readonly #options: ServerClockOptions;
  #offsetMs = 0;
  #isWrong = false;
  #askedAtMs = -Infinity;

  constructor(options: ServerClockOptions) {
    this.#options = options;
  }

  now(): number {
    return this.#options.clock.now() + this.#offsetMs;
  }

  monotonic(): number {
    return this.#options.clock.monotonic();
  }

  sleep(...args: Parameters<Clock["sleep"]>): ReturnType<Clock["sleep"]> {
    return this.#options.clock.sleep(...args);
  }

  timer(...args: Parameters<Clock["timer"]>): ReturnType<Clock["timer"]> {
    return this.#options.clock.timer(...args);
  }

  deadline(...args: Parameters<Clock["deadline"]>): ReturnType<Clock["deadline"]> {
    return this.#options.clock.deadline(...args);
  }

  /**
   * Asks the server if that was not done for so long, and warns when this machine's clock is wrong. Resolves within a second, never rejects: what was known
   * stays known.
   */
  async refresh(olderThanMs: number): Promise<void> {
    const { clock, ask } = this.#options;
    if (ask === undefined || clock.monotonic() - this.#askedAtMs < olderThanMs) return;
    this.#askedAtMs = clock.monotonic();
    await within(clock, longestAnswerMs, this.#ask(ask));
  }

  async #ask(ask: ServerTime): Promise<void> {
    const { clock, log } = this.#options;
    try {
      const offsetMs = await clockOffsetMs(clock, ask);
      // An answer that was long on its way says little.
      if (clock.monotonic() - this.#askedAtMs > longestAnswerMs) return;
      this.#offsetMs = offsetMs;
      this.#judge();
    } catch (error) {
      log.debug("The server's time is not known at present.", { error });
    }
  }

  #judge(): void {
    const { log } = this.#options;
    const isWrong = Math.abs(this.#offsetMs) > tolerableMs;
    if (isWrong && !this.#isWrong) {
      const amount = formatDuration(Math.round(Math.abs(this.#offsetMs) / 1_000) * 1_000);
      log.warn(
        `This machine's clock is ${amount} ${this.#offsetMs < 0 ? "ahead of" : "behind"} the server's. Delays, expiry and schedules go by the server's; instants that this machine sends are wrong by as much. Set its clock.`,
        { clockOffsetMs: Math.round(this.#offsetMs) },
      );
    } else if (!isWrong && this.#isWrong) log.info("This machine's clock agrees with the server's again.");
    this.#isWrong = isWrong;
  }
}

/** Who tells the time: the first that does. */
export function serverTimeOf(...servers: readonly (Connection | Backend | undefined)[]): ServerTime | undefined {
  const server = servers.find((each) => each?.serverTimeMs !== undefined);
  return server?.serverTimeMs?.bind(server);
}
