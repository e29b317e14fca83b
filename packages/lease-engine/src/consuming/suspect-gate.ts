import type { Clock, Timer } from "@lovage/foundation";

import type { LeaseStore } from "../store.ts";

/** A consumer as the gate sees it. */
export interface GateMember {
  readonly queue: string;
  /** It may be given a delivery: neither closing nor paused. */
  readonly isTaking: boolean;
  readonly unsettled: number;
  readonly isClaiming: boolean;
  /**
   * Claims one suspect and hands it out, or gives it back if it is not wanted by then. Resolves to whether there was one. Must not reject.
   */
  claimSuspect(isWanted: () => boolean): Promise<boolean>;
  /** Ordinary claims may go on. */
  resume(): void;
  /** A claim that waits for messages is to end. */
  interrupt(): void;
}

/** How long a queue is believed to have no suspect to give, at the least, after a claim that found none. */
const quietMs = 1_000;

/** How long to drain for a suspect at first, and at most after drains that were in vain. */
const drains = { firstMs: 2_000, maxMs: 1_800_000 } as const;

/** How often is asked in a drain whether anything is left to drain for: at first, and later once it has grown by such a part. */
const looks = { firstMs: 1_000, part: 0.1 } as const;

/** After a drain in vain ordinary work goes on for so many times as long: suspects cost a busy worker at most a fifth of its time. */
const restsPerDrain = 4;

/**
 * Lets suspects run alone: a message that was lost before may take the whole process down, and what runs beside it would be charged for it.
 * After each suspect every consumer claims ordinary work once before the next one gets its turn, so that neither starves the other.
 *
 * | state | ordinary claims | left |
 * |---|---|---|
 * | open | go on | a claim saw that suspects wait |
 * | draining | none | nothing is unsettled any more, no suspect waits any more, or long tasks made the drain take too long |
 * | alone | none | the suspect is settled, or there was none |
 */
export class SuspectGate {
  readonly #members: () => readonly GateMember[];
  readonly #clock: Clock;
  readonly #store: Pick<LeaseStore, "suspectsWait">;
  readonly #queues = new Set<string>();
  readonly #quiet = new Map<string, Timer>();
  #state: "open" | "draining" | "alone" = "open";
  #isAsking = false;
  /** Grows with each drain in vain, so that a suspect gets its turn beside tasks of any length in the end. */
  #drainMs: number = drains.firstMs;
  #drainTimer: Timer | undefined;
  #lookTimer: Timer | undefined;
  #drainingSinceMs = 0;
  /** Tells the answer to the present question from one that was given up. */
  #generation = 0;

  constructor(members: () => readonly GateMember[], clock: Clock, store: Pick<LeaseStore, "suspectsWait">) {
    this.#members = members;
    this.#clock = clock;
    this.#store = store;
  }

  /** Whether ordinary messages may be claimed and handed out. */
  get isOpen(): boolean {
    return this.#state === "open";
  }

  /** Only a suspect may be handed out: an answer to an earlier claim comes too late. */
  get isAlone(): boolean {
    return this.#state === "alone";
  }

  /** Suspects wait in this queue. */
  note(queue: string): void {
    if (this.#quiet.has(queue)) return;
    this.#queues.add(queue);
    if (this.#state === "open") this.#drain();
  }

  /** Something was settled, or a claim ended, or a consumer went: the next step may be possible. */
  check(): void {
    if (this.#state === "open" || this.#isAsking) return;
    if (this.#members().some(({ unsettled, isClaiming }) => unsettled > 0 || isClaiming)) return;
    if (this.#state === "draining") void this.#runOne();
    else this.#reopen();
  }

  /** The connection that the store was asked on is gone; its answer may never come. */
  restart(): void {
    this.#generation += 1;
    this.#isAsking = false;
    this.#endTimers();
    // A suspect that came before runs on, and stays alone.
    if (this.#state === "alone" && this.#members().some(({ unsettled }) => unsettled > 0)) return;
    this.#state = "open";
  }

  close(): void {
    this.#generation += 1;
    this.#endTimers();
    for (const timer of this.#quiet.values()) timer.cancel();
    this.#quiet.clear();
  }

  #drain(): void {
    this.#state = "draining";
    this.#drainingSinceMs = this.#clock.monotonic();
    for (const member of this.#members()) member.interrupt();
    this.#drainTimer = this.#clock.timer(this.#drainMs, () => this.#giveUp());
    this.#lookLater();
  }

  #endTimers(): void {
    this.#drainTimer?.cancel();
    this.#lookTimer?.cancel();
  }

  #lookLater(): void {
    if (this.#store.suspectsWait === undefined) return;
    const inMs = Math.max(looks.firstMs, this.#drainedMs * looks.part);
    this.#lookTimer = this.#clock.timer(inMs, () => void this.#look());
  }

  /** Another process may have run the suspect meanwhile. */
  async #look(): Promise<void> {
    const [generation, timer] = [this.#generation, this.#lookTimer];
    const asked = [...this.#queues];
    const answers = await Promise.all(asked.map((queue) => this.#mayWait(queue)));
    // Another drain by now, or none.
    if (generation !== this.#generation || timer !== this.#lookTimer || this.#state !== "draining") return;
    for (const queue of asked.filter((_, index) => answers[index] === false)) {
      this.#queues.delete(queue);
      this.#hushAfter(this.#drainedMs, queue);
    }
    if (this.#queues.size > 0) return this.#lookLater();
    this.#endTimers();
    this.#reopen();
  }

  async #mayWait(queue: string): Promise<boolean> {
    try {
      return (await this.#store.suspectsWait?.(queue)) ?? true;
    } catch {
      // The next claim tells what is wrong.
      return true;
    }
  }

  /** Slots must not stay empty for as long as some other task takes; the suspect may be had by another process meanwhile. */
  #giveUp(): void {
    this.#endTimers();
    for (const queue of this.#queues) this.#hushAfter(this.#drainMs, queue);
    this.#queues.clear();
    this.#drainMs = Math.min(2 * this.#drainMs, drains.maxMs);
    this.#state = "open";
    for (const member of this.#members()) member.resume();
  }

  async #runOne(): Promise<void> {
    this.#endTimers();
    const [queue] = this.#queues;
    if (queue !== undefined) this.#queues.delete(queue);
    const member = this.#members().find((one) => one.queue === queue && one.isTaking);
    if (queue === undefined || member === undefined) return this.#reopen();
    this.#state = "alone";
    this.#isAsking = true;
    const generation = this.#generation;
    const drainedMs = this.#drainedMs;
    const wasThere = await member.claimSuspect(() => generation === this.#generation);
    if (generation !== this.#generation) return;
    this.#isAsking = false;
    if (wasThere) this.#drainMs = drains.firstMs;
    else this.#hushAfter(drainedMs, queue);
    this.check();
  }

  get #drainedMs(): number {
    return this.#clock.monotonic() - this.#drainingSinceMs;
  }

  /** Suspects of this queue are not had for now: asking again at once would go round in circles. */
  #hushAfter(drainedMs: number, queue: string): void {
    const ms = Math.max(quietMs, restsPerDrain * drainedMs);
    const timer = this.#clock.timer(ms, () => {
      this.#quiet.delete(queue);
      for (const member of this.#members()) if (member.queue === queue) member.resume();
    });
    this.#quiet.set(queue, timer);
  }

  #reopen(): void {
    this.#state = "open";
    for (const member of this.#members()) member.resume();
    // Those that were noted meanwhile wait until each consumer had its ordinary claim.
    if (this.#queues.size > 0) this.#drain();
    this.check();
  }
}
