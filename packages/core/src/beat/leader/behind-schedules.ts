import { backOff, formatDuration } from "@lovage/foundation";
import type { Clock, Log } from "@lovage/foundation";

/** A schedule whose ticks cannot be published at present. Times by the monotonic clock. */
interface Behind {
  readonly failures: number;
  readonly sinceMs: number;
  readonly retryAtMs: number;
  readonly error: unknown;
}

const none: ReadonlyMap<string, never> = new Map<string, never>();
/** Without jitter: what failed together is tried again together, in one round. */
const pauses = { baseMs: 200, maxMs: 5_000, jitter: "none" } as const;
/** What is to be tried so soon is tried at once, so that rounds do not follow each other for one schedule each. */
const togetherMs = 200;
/** How often is told of what goes on failing. */
const newsMs = 600_000;

/** The schedules whose ticks cannot be published for now: when each is tried again, and what is told of them. */
export class BehindSchedules {
  readonly #clock: Clock;
  readonly #log: Log;
  /** By name, the longest failing first. */
  #behind: ReadonlyMap<string, Behind> = none;
  #toldAtMs = 0;

  constructor(clock: Clock, log: Log) {
    this.#clock = clock;
    this.#log = log;
  }

  get size(): number {
    return this.#behind.size;
  }

  /** Whether this beat has tried to publish it, and could not. */
  has(name: string): boolean {
    return this.#behind.has(name);
  }

  /** Whether it is too soon to try again. */
  isResting(name: string): boolean {
    const retryAtMs = this.#behind.get(name)?.retryAtMs ?? -Infinity;
    return retryAtMs > this.#clock.monotonic() + togetherMs;
  }

  /** Another beat leads: what becomes of their ticks is not known here. */
  forget(): void {
    this.#behind = none;
  }

  /**
   * Keeps account of a round.
   * @param failed what has kept ticks from being published, by the names of their schedules
   * @param resting names of those that are due and were not tried
   * @returns how long to rest until the first of them is tried again
   */
  count(failed: ReadonlyMap<string, unknown>, resting: ReadonlySet<string>): number {
    const before = this.#behind;
    const nowMs = this.#clock.monotonic();
    const behind = new Map<string, Behind>();
    for (const [name, known] of before) {
      if (failed.has(name)) behind.set(name, failedAgain(known, failed.get(name), nowMs));
      else if (resting.has(name)) behind.set(name, known);
    }
    const recovered = [...before.keys()].filter((name) => !behind.has(name));
    const fresh = [...failed.keys()].filter((name) => !before.has(name));
    for (const name of fresh) behind.set(name, failedAgain({ failures: 0, sinceMs: nowMs }, failed.get(name), nowMs));
    this.#behind = behind;
    this.#tell(fresh, recovered, nowMs);
    let soonestMs = Infinity;
    for (const { retryAtMs } of behind.values()) soonestMs = Math.min(soonestMs, retryAtMs);
    return Math.max(0, soonestMs - nowMs);
  }

  /** One line each: with the broker away it is all of them. */
  #tell(fresh: readonly string[], recovered: readonly string[], nowMs: number): void {
    const log = this.#log;
    const [schedule] = fresh;
    if (schedule !== undefined) {
      const error = this.#behind.get(schedule)?.error;
      log.warn("A schedule cannot be published at present; it is tried again.", {
        schedule,
        error,
        others: fresh.length - 1,
      });
    }
    if (recovered.length > 0)
      log.info("A schedule is published again.", { schedule: recovered[0], others: recovered.length - 1 });
    this.#remind(nowMs);
  }

  /** What is refused for good must not be tried for ever without a word. */
  #remind(nowMs: number): void {
    const [[schedule, longest] = []] = this.#behind;
    if (longest === undefined || nowMs - Math.max(longest.sinceMs, this.#toldAtMs) < newsMs) return;
    this.#toldAtMs = nowMs;
    const { error, failures, sinceMs } = longest;
    const duration = formatDuration(Math.round((nowMs - sinceMs) / 60_000) * 60_000);
    this.#log.error(
      `A schedule could not be published for ${duration}; it is tried again. Mend the cause, or pause it.`,
      {
        schedule,
        error,
        failures,
        others: this.#behind.size - 1,
      },
    );
  }
}

function failedAgain(
  { failures, sinceMs }: Pick<Behind, "failures" | "sinceMs">,
  error: unknown,
  nowMs: number,
): Behind {
  return { failures: failures + 1, sinceMs, retryAtMs: nowMs + backOff(pauses, failures), error };
}
