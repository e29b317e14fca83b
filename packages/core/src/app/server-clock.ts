import type { Backend } from "@lovage/backend";
import { formatDuration, within } from "@lovage/foundation";
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

/** How often the server is asked, as a rule. */
const usualMs = 30_000;
const longestAnswerMs = 1_000;
/** Two machines that are kept by NTP differ by less. */
const tolerableMs = 5_000;

/**
 * The time by which tasks expire and schedules tick: that of the broker or the store, so that a wrong clock on one machine does no harm. Until it was
 * asked, and where it cannot be, it is this machine's. What was learnt goes on by the monotonic clock: when somebody sets the machine's clock right, the
 * time here must not jump by as much. On a machine that slept it lags until the server is asked again, by which ticks are late and calls expire late.
 */
export class ServerClock implements Clock {
  readonly #options: ServerClockOptions;
  /** The server's time less the monotonic one; `undefined`: nobody has told it yet. */
  #aheadMs: number | undefined;
  #isWrong = false;
  /** By the monotonic clock. */
  #askedAtMs = -Infinity;
  /** This machine's time less the monotonic one, when the server was asked last. */
  #machineAheadMs = 0;

  constructor(options: ServerClockOptions) {
    this.#options = options;
  }

  now(): number {
    const { clock } = this.#options;
    return this.#aheadMs === undefined ? clock.now() : Math.round(clock.monotonic() + this.#aheadMs);
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
   * Asks the server if that was not done for so long, or if this machine slept or its clock was set meanwhile; warns when that clock is wrong. Resolves within
   * a second, never rejects: what was known stays known.
   */
  async refresh(olderThanMs: number = usualMs): Promise<void> {
    const { clock, ask } = this.#options;
    if (ask === undefined) return;
    const nowMs = clock.monotonic();
    const machineAheadMs = clock.now() - nowMs;
    const hasJumped = Math.abs(machineAheadMs - this.#machineAheadMs) > tolerableMs;
    if (nowMs - this.#askedAtMs < olderThanMs && !hasJumped) return;
    this.#askedAtMs = nowMs;
    this.#machineAheadMs = machineAheadMs;
    await within(clock, longestAnswerMs, this.#ask(ask));
  }

  async #ask(ask: ServerTime): Promise<void> {
    const { clock, log } = this.#options;
    const askedAtMs = clock.monotonic();
    try {
      const thereMs = await ask();
      this.#learn(thereMs, clock.monotonic() - askedAtMs);
    } catch (error) {
      log.debug("The server's time is not known at present.", { error });
    }
  }

  /** The server has read its clock at some moment of the way: its time is now from `thereMs` to `tookMs` later. */
  #learn(thereMs: number, tookMs: number): void {
    const { clock } = this.#options;
    // Of an answer that was long on its way the middle says little; but what lies outside of it is wrong.
    const isQuick = tookMs <= longestAnswerMs;
    const nowMs = isQuick ? thereMs + tookMs / 2 : Math.min(Math.max(this.now(), thereMs), thereMs + tookMs);
    this.#aheadMs = nowMs - clock.monotonic();
    this.#judge(nowMs - clock.now());
  }

  #judge(offsetMs: number): void {
    const { log } = this.#options;
    const isWrong = Math.abs(offsetMs) > tolerableMs;
    if (isWrong && !this.#isWrong) {
      const amount = formatDuration(Math.round(Math.abs(offsetMs) / 1_000) * 1_000);
      log.warn(
        `This machine's clock is ${amount} ${offsetMs < 0 ? "ahead of" : "behind"} the server's. Delays, expiry and schedules go by the server's; instants that this machine sends are wrong by as much. Set its clock.`,
        { clockOffsetMs: Math.round(offsetMs) },
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
