import { backOff, hasCode, rest } from "@lovage/foundation";
import type { Log } from "@lovage/foundation";
import type { ServerClock } from "../../app/server-clock.ts";
import type { CodeSchedules } from "../book/code-schedules.ts";
import { copyCodeSchedules } from "../book/copy-code-schedules.ts";
import type { KeptSchedule, ScheduleStore } from "../book/schedule-store.ts";
import { nextTick } from "../tick/plan-ticks.ts";
import { BehindSchedules } from "./behind-schedules.ts";
import type { Leadership } from "./leadership.ts";
import type { TickPublisher } from "./tick-publisher.ts";

/** What a session is made of. */
export interface BeatSessionParts {
  readonly clock: ServerClock;
  readonly log: Log;
  readonly code: CodeSchedules;
  readonly store: ScheduleStore;
  readonly leadership: Leadership;
  readonly publisher: TickPublisher;
  /** How often the store is looked at when nothing is due. */
  readonly reloadMs: number;
  /** Whether the broker cannot be reached at present. */
  readonly isBrokerAway: () => Promise<boolean>;
}

/** What a session tells of itself. */
export interface SessionFacts {
  readonly isLeader: boolean;
  /** Schedules that are not paused; a follower does not know. */
  readonly schedules: number;
  readonly nextTickAtMs: number | undefined;
  /** When the next round is to begin, or the one under way should have or got on last, by the monotonic clock. */
  readonly roundDueAtMs: number;
  readonly isFailing: boolean;
}

const pauses = { baseMs: 200, maxMs: 5_000, jitter: "equal" } as const;
/** Ticks of so many schedules are under way at once. */
const batch = 100;
/** How soon a tick that waits for another run is looked at again. */
const waitMs = 1_000;

/** How a round went. */
interface Round {
  /** How long to rest after it. */
  readonly restMs: number;
  /** What has kept ticks from being published for now, by the names of their schedules. */
  readonly failed?: ReadonlyMap<string, unknown>;
  /** Names of schedules that are due and were not tried yet again. */
  readonly resting?: ReadonlySet<string>;
}

const noFailures: ReadonlyMap<string, never> = new Map<string, never>();
const noNames: ReadonlySet<never> = new Set<never>();

/** A beat at work: follows, or leads and publishes what is due, round by round. All it knows is read from the store in each round. */
export class BeatSession {
  readonly #parts: BeatSessionParts;
  /** Rounds in a row that failed as a whole. */
  #failures = 0;
  readonly #behind: BehindSchedules;
  #isBrokerAway = false;
  #schedules = 0;
  #nextTickAtMs: number | undefined;
  #roundDueAtMs: number;
  /** How many schedules of the code were there when they were copied; -1: this leader has not copied yet. */
  #copied = -1;

  constructor(parts: BeatSessionParts) {
    this.#parts = parts;
    this.#behind = new BehindSchedules(parts.clock, parts.log);
    this.#roundDueAtMs = parts.clock.monotonic();
  }

  get facts(): SessionFacts {
    return {
      isLeader: this.#parts.leadership.isHeld,
      schedules: this.#schedules,
      nextTickAtMs: this.#nextTickAtMs,
      roundDueAtMs: this.#roundDueAtMs,
      isFailing: this.#failures > 0 || this.#isBrokerAway,
    };
  }

  /** Goes on until the signal aborts; then lets another lead. Never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const restMs = await this.#step();
      await rest(this.#parts.clock, restMs, signal);
    }
    await this.#parts.leadership.release();
  }

  /** One round. @returns how long to rest after it */
  async #step(): Promise<number> {
    const { clock, log } = this.#parts;
    try {
      const { restMs, failed = noFailures, resting = noNames } = await this.#round();
      const pauseMs = this.#behind.count(failed, resting);
      this.#isBrokerAway = this.#behind.size > 0 && (await this.#parts.isBrokerAway());
      if (this.#failures > 0) log.info("The beat works again.", { failures: this.#failures });
      this.#failures = 0;
      // The others have their ticks while some are tried again.
      const untilMs = Math.min(restMs, pauseMs);
      this.#roundDueAtMs = clock.monotonic() + untilMs;
      return untilMs;
    } catch (error) {
      return this.#afterFailure(error);
    }
  }

  #afterFailure(error: unknown): number {
    this.#failures += 1;
    if (this.#failures === 1 && !hasCode(error, "CLOSED"))
      this.#parts.log.warn("The beat cannot do its work at present; it tries again.", { error });
    return backOff(pauses, this.#failures - 1);
  }

  async #round(): Promise<Round> {
    const { leadership, log, code, store, clock } = this.#parts;
    const wasHeld = leadership.isHeld;
    const againInMs = await leadership.seek();
    if (againInMs > 0) {
      this.#behind.forget();
      return { restMs: againInMs };
    }
    if (!wasHeld) {
      log.info("This beat leads.");
      this.#copied = -1;
    }
    await clock.refresh(wasHeld ? undefined : 0);
    const { added } = code;
    if (this.#copied !== added) {
      const onWritten = (): void => void (this.#roundDueAtMs = clock.monotonic());
      await copyCodeSchedules(store, code.all(), { nowMs: clock.now(), onWritten });
    }
    this.#copied = added;
    return this.#lead();
  }

  async #lead(): Promise<Round> {
    const { store, clock, reloadMs, leadership } = this.#parts;
    const schedules = [...(await store.list()).values()].filter(({ document }) => !document.isPaused);
    const nowMs = clock.now();
    const late = schedules.filter((kept) => tickOf(kept) <= nowMs);
    const resting = new Set(late.map(({ name }) => name).filter((name) => this.#behind.isResting(name)));
    const due = late.filter(({ name }) => !resting.has(name));
    const { isWaiting, failed } = await this.#publishAll(due, nowMs);
    if (!leadership.isHeld) return { restMs: 0, failed, resting };
    const nextMs = soonest(schedules, nowMs);
    this.#schedules = schedules.length;
    this.#nextTickAtMs = Number.isFinite(nextMs) ? nextMs : undefined;
    const healthy = schedules.filter(({ name }) => !failed.has(name) && !resting.has(name));
    const untilMs = Math.max(0, soonest(healthy, nowMs) - clock.now());
    return { restMs: Math.min(reloadMs, isWaiting ? waitMs : reloadMs, untilMs), failed, resting };
  }

  /** Tells whether some wait, and what has kept others from their ticks for now. */
  async #publishAll(
    due: readonly KeptSchedule[],
    nowMs: number,
  ): Promise<{ readonly isWaiting: boolean; readonly failed: ReadonlyMap<string, unknown> }> {
    const { publisher, clock, isBrokerAway } = this.#parts;
    const failed = new Map<string, unknown>();
    let isWaiting = false;
    const publish = async (kept: KeptSchedule): Promise<void> => {
      try {
        if (await publisher.publish(kept, { nowMs, wasTried: this.#behind.has(kept.name) })) isWaiting = true;
      } catch (error) {
        failed.set(kept.name, error);
      }
    };
    for (let start = 0; start < due.length; start += batch) {
      await Promise.all(due.slice(start, start + batch).map(publish));
      // Each batch may wait for as long as a publish does: what gets on from one to the next is not stuck.
      this.#roundDueAtMs = clock.monotonic();
      const [error] = failed.values();
      if (failed.size === 0 || !(await isBrokerAway())) continue;
      // The others would wait as long, a batch after the other, to hear the same.
      for (const kept of due.slice(start + batch)) failed.set(kept.name, error);
      break;
    }
    return { isWaiting, failed };
  }
}

function soonest(schedules: readonly KeptSchedule[], afterMs: number): number {
  return schedules.reduce((leastMs, kept) => Math.min(leastMs, tickOf(kept, afterMs)), Infinity);
}

/** The next tick that is not done with, or the next after an instant. */
function tickOf({ document, progress }: KeptSchedule, afterMs = -Infinity): number {
  const doneMs = Math.max(progress.doneMs, afterMs);
  return nextTick(document.definition, { ...progress, doneMs }) ?? Infinity;
}
