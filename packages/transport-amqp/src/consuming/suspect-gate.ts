import { errorText, type Clock, type Log, type Timer } from "@lovage/foundation";

/** A consumer as the gate sees it. */
export interface GateMember {
  readonly queue: string;
  /** It may be given a delivery: neither closing nor paused. */
  readonly isTaking: boolean;
  /** It holds nothing, gives nothing back, and nothing is on its way to it. */
  readonly isIdle: boolean;
  /** The gate was opened or closed. */
  onGate(): void;
  /** Fetches one suspect and hands it out. Resolves to whether there was one. */
  takeSuspect(): Promise<boolean>;
  /** How many suspects wait. */
  countSuspects(): Promise<number>;
}

/** What a {@link SuspectGate} works with. */
export interface GateOptions {
  readonly clock: Clock;
  readonly log: Log;
  /** How often it is looked for suspects. */
  readonly sweepMs: number;
  readonly members: () => readonly GateMember[];
}

/** How long to drain for a suspect at first, and at most after drains that were in vain. */
const drains = { firstMs: 2_000, maxMs: 1_800_000 } as const;
/** Ordinary work goes on for so many times as long as it was kept waiting: suspects cost a busy worker at most a fifth of its time. */
const restsPerDrain = 4;
const leastRestMs = 20;

/**
 * Lets suspects run alone: a message that was lost before may take the whole process down, and what runs beside it would be charged for it.
 * Suspects wait in a queue of their own, in the hands of nobody; once nothing else is held on the connection, one of them is fetched.
 *
 * | state | ordinary deliveries | left |
 * |---|---|---|
 * | open | go on | suspects wait, and the last rest is over |
 * | draining | none | nothing is held any more, or long tasks made the drain take too long |
 * | alone | none | the suspect is settled, or there was none |
 */
export class SuspectGate {
  readonly #options: GateOptions;
  readonly #queues = new Set<string>();
  #state: "open" | "draining" | "alone" = "open";
  #isAsking = false;
  #isClosed = false;
  #drainMs: number = drains.firstMs;
  #drainedAtMs = 0;
  #drainTimer: Timer | undefined;
  #restTimer: Timer | undefined;
  #sweepTimer: Timer | undefined;

  constructor(options: GateOptions) {
    this.#options = options;
  }

  /** Whether ordinary messages may be handed out. */
  get isOpen(): boolean {
    return this.#state === "open";
  }

  /** Whether a suspect may be handed out. */
  get isForSuspect(): boolean {
    return this.#state === "alone";
  }

  /** Suspects wait for this queue. */
  note(queue: string): void {
    this.#queues.add(queue);
    this.#drainIfDue();
  }

  /** Looks for suspects from now on, as long as there are members. */
  start(): void {
    if (this.#sweepTimer !== undefined || this.#isClosed) return;
    this.#sweepTimer = this.#options.clock.timer(this.#options.sweepMs, () => {
      this.#sweepTimer = undefined;
      void this.#sweep();
    });
  }

  /** Something was settled or given back, or a consumer came or went: the next step may be possible. */
  check(): void {
    if (this.#isClosed || this.#state === "open" || this.#isAsking) return;
    if (this.#options.members().some(({ isIdle }) => !isIdle)) return;
    if (this.#state === "draining") void this.#runOne();
    else this.#reopen();
  }

  close(): void {
    this.#isClosed = true;
    this.#queues.clear();
    for (const timer of [this.#drainTimer, this.#restTimer, this.#sweepTimer]) timer?.cancel();
    this.#state = "open";
  }

  async #sweep(): Promise<void> {
    const members = new Map(this.#options.members().map((member) => [member.queue, member]));
    for (const member of members.values()) {
      if (this.#isClosed || !member.isTaking || this.#queues.has(member.queue)) continue;
      try {
        if ((await member.countSuspects()) > 0) this.note(member.queue);
      } catch (error) {
        // The next sweep asks again.
        this.#options.log.debug(`Suspects of queue "${member.queue}" could not be counted.`, {
          error: errorText(error),
        });
      }
    }
    if (members.size > 0) this.start();
  }

  #drainIfDue(): void {
    if (this.#state !== "open" || this.#isClosed || this.#restTimer !== undefined || this.#queues.size === 0) return;
    this.#become("draining");
    this.#drainedAtMs = this.#options.clock.monotonic();
    this.#drainTimer = this.#options.clock.timer(this.#drainMs, () => this.#giveUp());
    this.check();
  }

  /** Slots must not stay empty for as long as some other task takes; the suspects may be had by another process meanwhile. */
  #giveUp(): void {
    if (this.#state !== "draining") return;
    this.#queues.clear();
    this.#drainMs = Math.min(2 * this.#drainMs, drains.maxMs);
    this.#reopen();
  }

  async #runOne(): Promise<void> {
    this.#drainTimer?.cancel();
    const [queue] = this.#queues;
    const member = this.#options.members().find((one) => one.queue === queue && one.isTaking);
    if (queue !== undefined) this.#queues.delete(queue);
    if (queue === undefined || member === undefined) return this.#reopen();
    this.#state = "alone";
    this.#isAsking = true;
    try {
      if (await member.takeSuspect()) {
        this.#drainMs = drains.firstMs;
        // There may be more; asking is cheap beside missing one until the next sweep.
        this.#queues.add(queue);
      }
    } catch (error) {
      this.#options.log.debug(`Fetching a suspect of queue "${queue}" failed.`, { error: errorText(error) });
    }
    this.#isAsking = false;
    this.check();
  }

  #reopen(): void {
    if (this.#isClosed) return;
    const { clock } = this.#options;
    const waitedMs = clock.monotonic() - this.#drainedAtMs;
    this.#drainTimer?.cancel();
    this.#restTimer?.cancel();
    const restMs = Math.max(leastRestMs, restsPerDrain * Math.min(waitedMs, this.#drainMs));
    this.#restTimer = clock.timer(restMs, () => {
      this.#restTimer = undefined;
      this.#drainIfDue();
    });
    this.#become("open");
  }

  #become(state: "open" | "draining"): void {
    this.#state = state;
    for (const member of this.#options.members()) member.onGate();
  }
}
