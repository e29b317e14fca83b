import { backOff, hasCode, rest } from "@lovage/foundation";
import type { Log } from "@lovage/foundation";
import type { ServerClock } from "../../app/server-clock.ts";
import type { CodeSchedules } from "../book/code-schedules.ts";
import { copyCodeSchedules } from "../book/copy-code-schedules.ts";
import type { KeptSchedule, ScheduleStore } from "../book/schedule-store.ts";
import { nextTick } from "../tick/plan-ticks.ts";
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
}

/** What a session tells of itself. */
export interface SessionFacts {
  readonly isLeader: boolean;
  /** Schedules that are not paused; a follower does not know. */
  readonly schedules: number;
  readonly nextTickAtMs: number | undefined;
  /** When the next round is to begin, or the one under way should have, by the monotonic clock. */
  readonly roundDueAtMs: number;
  readonly isFailing: boolean;
}

const pauses = { baseMs: 200, maxMs: 5_000, jitter: "equal" } as const;
/** Ticks of so many schedules are under way at once. */
const batch = 100;
/** How often the server is asked for its time. */
const clockMs = 30_000;
/** How soon a tick that waits for another run is looked at again. */
const waitMs = 1_000;

/** A beat at work: follows, or leads and publishes what is due, round by round. All it knows is read from the store in each round. */
export class BeatSession {
  readonly #parts: BeatSessionParts;
  #failures = 0;
  #schedules = 0;
  #nextTickAtMs: number | undefined;
  #roundDueAtMs: number;
  /** How many schedules of the code were there when they were copied; -1: this leader has not copied yet. */
  #copied = -1;

  constructor(parts: BeatSessionParts) {
    this.#parts = parts;
    this.#roundDueAtMs = parts.clock.monotonic();
  }

  get facts(): SessionFacts {
    return {
      isLeader: this.#parts.leadership.isHeld,
      schedules: this.#schedules,
      nextTickAtMs: this.#nextTickAtMs,
      roundDueAtMs: this.#roundDueAtMs,
      isFailing: this.#failures > 0,
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
      const restMs = await this.#round();
      if (this.#failures > 0) log.info("The beat works again.", { failures: this.#failures });
      this.#failures = 0;
      this.#roundDueAtMs = clock.monotonic() + restMs;
      return restMs;
    } catch (error) {
      this.#failures += 1;
      if (this.#failures === 1 && !hasCode(error, "CLOSED"))
        log.warn("The beat cannot do its work at present; it tries again.", { error });
      return backOff(pauses, this.#failures - 1);
    }
  }

  async #round(): Promise<number> {
    const { leadership, log, code, store, clock } = this.#parts;
    const wasHeld = leadership.isHeld;
    const againInMs = await leadership.seek();
    if (againInMs > 0) return againInMs;
    if (!wasHeld) {
      log.info("This beat leads.");
      this.#copied = -1;
    }
    await clock.refresh(wasHeld ? clockMs : 0);
    const { added } = code;
    if (this.#copied !== added) await copyCodeSchedules(store, code.all(), clock.now());
    this.#copied = added;
    return this.#lead();
  }

  async #lead(): Promise<number> {
    const { store, clock, reloadMs, leadership } = this.#parts;
    const schedules = [...(await store.list()).values()].filter(({ document }) => !document.isPaused);
    const nowMs = clock.now();
    const due = schedules.filter((kept) => tickOf(kept) <= nowMs);
    const isWaiting = await this.#publishAll(due);
    if (!leadership.isHeld) return 0;
    const laterMs = schedules.map((kept) => tickOf(kept, nowMs));
    const nextMs = laterMs.reduce((least, atMs) => Math.min(least, atMs), Infinity);
    this.#schedules = schedules.length;
    this.#nextTickAtMs = Number.isFinite(nextMs) ? nextMs : undefined;
    return Math.min(reloadMs, isWaiting ? waitMs : reloadMs, Math.max(0, nextMs - clock.now()));
  }

  /** @returns whether some wait @throws the first error, after all were tried */
  async #publishAll(due: readonly KeptSchedule[]): Promise<boolean> {
    let isWaiting = false;
    let failed: PromiseRejectedResult | undefined;
    for (let start = 0; start < due.length; start += batch) {
      const outcomes = await Promise.allSettled(
        due.slice(start, start + batch).map((kept) => this.#parts.publisher.publish(kept)),
      );
      failed ??= outcomes.find((outcome) => outcome.status === "rejected");
      isWaiting ||= outcomes.some((outcome) => outcome.status === "fulfilled" && outcome.value);
    }
    if (failed !== undefined) throw failed.reason;
    return isWaiting;
  }
}

/** The next tick that is not done with, or the next after an instant. */
function tickOf({ document, progress }: KeptSchedule, afterMs = -Infinity): number {
  const doneMs = Math.max(progress.doneMs, afterMs);
  return nextTick(document.definition, { ...progress, doneMs }) ?? Infinity;
}
