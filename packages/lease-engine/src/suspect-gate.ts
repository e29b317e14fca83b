import type { Clock, Timer } from "@lovage/foundation";

/** A consumer as the gate sees it. */
export interface GateMember {
  readonly queue: string;
  /** It may be given a delivery: neither closing nor paused. */
  readonly isTaking: boolean;
  readonly unsettled: number;
  readonly isClaiming: boolean;
  /** Claims one suspect and hands it out. Resolves to whether there was one. Must not reject. */
  claimSuspect(): Promise<boolean>;
  /** Ordinary claims may go on. */
  resume(): void;
}

/** How long a queue is believed to have no suspect to give, after a claim that found none. */
const quietMs = 1_000;

/**
 * Lets suspects run alone: a message that was lost before may take the whole process down, and what runs beside it would be charged for it.
 * After each suspect every consumer claims ordinary work once before the next one gets its turn, so that neither starves the other.
 *
 * | state | ordinary claims | left |
 * |---|---|---|
 * | open | go on | a claim saw that suspects wait |
 * | draining | none | nothing is unsettled any more |
 * | alone | none | the suspect is settled, or there was none |
 */
export class SuspectGate {
  readonly #members: () => readonly GateMember[];
  readonly #clock: Clock;
  readonly #queues = new Set<string>();
  readonly #quiet = new Map<string, Timer>();
  #state: "open" | "draining" | "alone" = "open";
  #isAsking = false;
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

  /** Suspects wait in this queue. */
  note(queue: string): void {
    if (this.#quiet.has(queue)) return;
    this.#queues.add(queue);
    if (this.#state === "open") this.#state = "draining";
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
    this.#state = "open";
  }

  close(): void {
    for (const timer of this.#quiet.values()) timer.cancel();
    this.#quiet.clear();
  }

  async #runOne(): Promise<void> {
    const [queue] = this.#queues;
    if (queue !== undefined) this.#queues.delete(queue);
    const member = this.#members().find((one) => one.queue === queue && one.isTaking);
    if (queue === undefined || member === undefined) return this.#reopen();
    this.#state = "alone";
    this.#isAsking = true;
    const generation = this.#generation;
    const wasThere = await member.claimSuspect();
    if (generation !== this.#generation) return;
    this.#isAsking = false;
    if (!wasThere) this.#hush(queue);
    this.check();
  }

  /** Another process was faster, or the suspects cannot be had: asking again at once would go round in circles. */
  #hush(queue: string): void {
    const timer = this.#clock.timer(quietMs, () => {
      this.#quiet.delete(queue);
      for (const member of this.#members()) if (member.queue === queue) member.resume();
    });
    this.#quiet.set(queue, timer);
  }

  #reopen(): void {
    this.#state = "open";
    for (const member of this.#members()) member.resume();
    // Those that were noted meanwhile wait until each consumer had its ordinary claim.
    if (this.#queues.size > 0) this.#state = "draining";
    this.check();
  }
}
