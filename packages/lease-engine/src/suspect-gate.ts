import type { Clock, Timer } from "@lovage/foundation";

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

/** How long a queue is believed to have no suspect to give, after a claim that found none. */
const quietMs = 1_000;

/** How long to drain for a suspect at first, and at most after drains that were in vain. */
const drains = { firstMs: 2_000, maxMs: 1_800_000 } as const;

/** After a drain in vain ordinary work goes on for so many times as long: suspects cost a busy worker at most a fifth of its time. */
const restsPerDrain = 4;

/**
 * Lets suspects run alone: a message that was lost before may take the whole process down, and what runs beside it would be charged for it.
 * After each suspect every consumer claims ordinary work once before the next one gets its turn, so that neither starves the other.
 *
 * | state | ordinary claims | left |
 * |---|---|---|
 * | open | go on | a claim saw that suspects wait |
 * | draining | none | nothing is unsettled any more, or long tasks made the drain take too long |
 * | alone | none | the suspect is settled, or there was none |
 */
export class SuspectGate {
  readonly #members: () => readonly GateMember[];
  readonly #clock: Clock;
  readonly #queues = new Set<string>();
  readonly #quiet = new Map<string, Timer>();
  #state: "open" | "draining" | "alone" = "open";
  #isAsking = false;
  /** Grows with each drain in vain, so that a suspect gets its turn beside tasks of any length in the end. */
  #drainMs: number = drains.firstMs;
  #drainTimer: Timer | undefined;
  /** Tells the answer to the present question from one that was given up. */
  #generation = 0;

  constructor(members: () => readonly GateMember[], clock: Clock) {
    this.#members = members;
    this.#clock = clock;
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
    this.#drainTimer?.cancel();
    // A suspect that came before runs on, and stays alone.
    if (this.#state === "alone" && this.#members().some(({ unsettled }) => unsettled > 0)) return;
    this.#state = "open";
  }

  close(): void {
    this.#generation += 1;
    this.#drainTimer?.cancel();
    for (const timer of this.#quiet.values()) timer.cancel();
    this.#quiet.clear();
  }

  #drain(): void {
    this.#state = "draining";
    for (const member of this.#members()) member.interrupt();
    this.#drainTimer = this.#clock.timer(this.#drainMs, () => this.#giveUp());
  }

  /** Slots must not stay empty for as long as some other task takes; the suspect may be had by another process meanwhile. */
  #giveUp(): void {
    for (const queue of this.#queues) this.#hush(queue, restsPerDrain * this.#drainMs);
    this.#queues.clear();
    this.#drainMs = Math.min(2 * this.#drainMs, drains.maxMs);
    this.#state = "open";
    for (const member of this.#members()) member.resume();
  }

  async #runOne(): Promise<void> {
    this.#drainTimer?.cancel();
    const [queue] = this.#queues;
    if (queue !== undefined) this.#queues.delete(queue);
    const member = this.#members().find((one) => one.queue === queue && one.isTaking);
    if (queue === undefined || member === undefined) return this.#reopen();
    this.#state = "alone";
    this.#isAsking = true;
    const generation = this.#generation;
    const wasThere = await member.claimSuspect(() => generation === this.#generation);
    if (generation !== this.#generation) return;
    this.#isAsking = false;
    if (wasThere) this.#drainMs = drains.firstMs;
    else this.#hush(queue, quietMs);
    this.check();
  }

  /** Suspects of this queue are not had for now: asking again at once would go round in circles. */
  #hush(queue: string, ms: number): void {
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
