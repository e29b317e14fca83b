import type { Clock, Log, Timer } from "@lovage/foundation";
import { asError, backOff, hasCode } from "@lovage/foundation";

import { ComingRoom } from "./coming-room.ts";
import { isTransient } from "../is-transient.ts";
import type { StoreLink } from "../store-link.ts";
import type { Claim, ClaimedMessage, LeaseStore } from "../store.ts";

/** For whom messages are claimed. */
export interface Claimant {
  readonly queue: string;
  readonly prefetch: number;
  readonly unsettled: number;
  /** Messages that were leased; `confirmedAtMs` is the moment before the store was asked. */
  accept(messages: readonly ClaimedMessage[], confirmedAtMs: number): void;
  /** Whether ordinary messages may be claimed now. */
  mayClaim(): boolean;
  /** Suspects wait in the queue. */
  onSuspects(): void;
  /** A claim has ended, with whatever result. */
  onClaimed(): void;
  /** The store does not know the queue (any more). */
  onQueueMissing(): Promise<void>;
}

/** What a {@link ClaimLoop} works with. */
export interface ClaimLoopOptions {
  readonly store: LeaseStore;
  readonly link: StoreLink;
  readonly clock: Clock;
  readonly log: Log;
  readonly leaseMs: number;
}

/** As long at most as the link's: the queue's part of the store may be back as soon as a whole store. */
const waits = { baseMs: 100, maxMs: 5_000, jitter: "equal" } as const;

/** How long less than half of the prefetch may stand free before it is refilled: keeps slow tasks from idling slots, fast ones from claiming one by one. */
const lingerMs = 5;

/** An answer with fewer messages lets them be started before the store is asked again: on an idle queue the call alone took a tenth of the time to the start of a task. */
const fewMessages = 16;

/** Claims in a row before timers and sockets get their turn; a store in memory would never let them. */
const claimsPerTurn = 32;

/**
 * Claims for one consumer whenever enough of its prefetch is free.
 *
 * | state | meaning | left by |
 * |---|---|---|
 * | resting | no room, or claiming is not allowed | `refill`, `resume`, `restart` |
 * | claiming | the store was asked | its answer, `restart` |
 * | sleeping | the queue was empty and the wake-up is armed | `wake`, the next due time, the fallback poll, `resume` |
 * | waiting | the store failed | the back-off, `resume` |
 *
 * `stop` ends all of it.
 */
export class ClaimLoop {
  readonly #claimant: Claimant;
  readonly #options: ClaimLoopOptions;
  #state: "resting" | "claiming" | "sleeping" | "waiting" = "resting";
  #isStopped = false;
  /** Of the sleeping and the waiting state. */
  #timer: Timer | undefined;
  #linger: Timer | undefined;
  /** A wake-up came while claiming: the answer may be older than the message. */
  #isWoken = false;
  /** Tells the answer to the present claim from one that was given up. */
  #generation = 0;
  /** Of a claim that waits in the broker. */
  #waiting: AbortController | undefined;
  readonly #coming = new ComingRoom();
  #polls = 0;
  #failures = 0;
  #claims = 0;
  #ended = Promise.withResolvers<void>();

  constructor(claimant: Claimant, options: ClaimLoopOptions) {
    this.#claimant = claimant;
    this.#options = options;
  }

  get isSleeping(): boolean {
    return this.#state === "sleeping";
  }

  get isClaiming(): boolean {
    return this.#state === "claiming";
  }

  /** Claims now, if there is any room: something changed. */
  resume(): void {
    if (this.#state === "claiming") {
      this.#isWoken = true;
      return;
    }
    this.#rest();
    this.#claimIf(this.#room() > 0);
  }

  /** As `resume`, and gives up a claim that the store has not answered: the connection it was made on is gone. */
  restart(): void {
    this.#generation += 1;
    this.interrupt();
    this.#rest();
    this.#tellEnded();
    this.#claimIf(this.#room() > 0);
  }

  /** Ends a claim that waits in the broker: its answer is not wanted now. */
  interrupt(): void {
    this.#waiting?.abort();
    this.#coming.endWait();
  }

  /** Messages may be ready. */
  wake(): void {
    this.#polls = 0;
    if (this.#state === "claiming") this.#isWoken = true;
    else if (this.#state === "sleeping") this.resume();
  }

  /** Room was made: claims once about half is free, or after a moment. */
  refill(): void {
    if (this.#isStopped || this.#state !== "resting") return;
    const room = this.#room();
    if (room * 2 >= this.#claimant.prefetch) this.#claimIf(room > 0);
    else if (room > 0) this.#linger ??= this.#options.clock.timer(lingerMs, () => this.#lingered());
  }

  /** The store was asked to settle so many: claims for their room once about half of the prefetch will be free, without a wait for the answer. */
  expectRoom(count: number, answer: Promise<unknown>): void {
    // A claim that waits in the broker would hold up what it claims for.
    if (this.#options.store.facts.claimsWait === true) return;
    this.#coming.expect(count, answer);
    if (this.#room() * 2 >= this.#claimant.prefetch) this.#claimIf(this.#room() > 0);
  }

  /** No claim begins any more. Resolves once the last one has ended. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.interrupt();
    this.#timer?.cancel();
    this.#linger?.cancel();
    if (this.#state === "claiming") await this.#ended.promise;
  }

  #room(): number {
    return this.#free() + this.#coming.count;
  }

  #free(): number {
    return this.#claimant.prefetch - this.#claimant.unsettled;
  }

  #rest(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#isWoken = false;
    this.#state = "resting";
  }

  #lingered(): void {
    this.#linger = undefined;
    this.#claimIf(this.#room() > 0);
  }

  #claimIf(isWorthIt: boolean): void {
    if (!isWorthIt || this.#isStopped || this.#state !== "resting") return;
    if (this.#options.link.state !== "open" || !this.#claimant.mayClaim()) return;
    this.#state = "claiming";
    this.#claims += 1;
    if (this.#claims % claimsPerTurn > 0) void this.#claim(this.#generation);
    else setImmediate(() => void this.#claim(this.#generation));
  }

  async #claim(generation: number): Promise<void> {
    const { store, clock, leaseMs } = this.#options;
    const { queue } = this.#claimant;
    const max = Math.min(this.#room(), store.facts.maxBatch);
    // While this claim waited for its turn, its room may have gone, the loop may have been stopped, or room may be made for a suspect.
    if (max <= 0 || this.#isStopped || !this.#claimant.mayClaim()) return this.#end();
    const coming = this.#coming.take();
    const confirmedAtMs = clock.monotonic();
    let claim: Claim;
    const waiting = store.facts.claimsWait === true ? new AbortController() : undefined;
    this.#waiting = waiting;
    try {
      const signal = waiting === undefined ? {} : { signal: waiting.signal };
      claim = await store.claim({ queue, max, leaseMs, suspects: false, ...signal });
    } catch (error) {
      if (generation === this.#generation) this.#fail(asError(error));
      return;
    }
    if (coming !== undefined && claim.messages.length > this.#free()) await this.#coming.wait(coming, this.#options);
    const leasedAtMs = claim.leasedAtMs ?? confirmedAtMs;
    if (generation === this.#generation) this.#answered(claim, max, leasedAtMs);
    else this.#claimant.accept(claim.messages, leasedAtMs);
  }

  #answered(claim: Claim, max: number, confirmedAtMs: number): void {
    const { length } = claim.messages;
    const isWoken = this.#isWoken;
    this.#failures = 0;
    if (length > 0) {
      this.#polls = 0;
      this.#claimant.accept(claim.messages, confirmedAtMs);
    }
    if (claim.suspectsWait) this.#claimant.onSuspects();
    this.#end();
    if (length === max) this.refill();
    // Only an empty claim arms the wake-up.
    else if (length >= fewMessages || isWoken) this.#claimIf(this.#room() > 0);
    else if (length > 0) process.nextTick(() => this.#claimIf(this.#room() > 0));
    else this.#sleep(claim.nextDueInMs);
  }

  #end(): void {
    this.#rest();
    this.#claimant.onClaimed();
    this.#tellEnded();
  }

  #tellEnded(): void {
    this.#ended.resolve();
    this.#ended = Promise.withResolvers<void>();
  }

  #sleep(nextDueInMs = Infinity): void {
    if (this.#isStopped || this.#state !== "resting") return;
    this.#state = "sleeping";
    const { fallbackPollMs } = this.#options.store.facts;
    const pollMs = Math.min(fallbackPollMs, Math.max(fallbackPollMs / 32, 50) * 2 ** this.#polls);
    this.#polls = Math.min(this.#polls + 1, 30);
    // At least 1 ms: a store that calls a message due and does not give it must not be asked in a circle.
    const ms = Math.min(pollMs, Math.max(1, Math.ceil(nextDueInMs)));
    if (ms < Infinity) this.#timer = this.#options.clock.timer(ms, () => this.resume());
  }

  #fail(error: Error): void {
    const { clock, link, log } = this.#options;
    this.#end();
    link.report(error, this);
    // The link calls `restart` once the store is back. The end of this claim may have been what another one waited for.
    if (this.#isStopped || link.state !== "open" || this.#state !== "resting") return;
    if (this.#failures === 0) {
      const text = `Claiming from queue "${this.#claimant.queue}" failed; it is tried again.`;
      // Others find the store where it was, or the link would have been lost.
      const isOwnTrouble = hasCode(error, "TRANSPORT_UNAVAILABLE");
      log[isOwnTrouble ? "warn" : isTransient(error) ? "debug" : "error"](text, { error: error.message });
    }
    this.#state = "waiting";
    const waitMs = backOff(waits, this.#failures);
    this.#failures += 1;
    this.#timer = clock.timer(waitMs, () => void this.#retry(error));
  }

  async #retry(error: Error): Promise<void> {
    if (hasCode(error, "QUEUE_NOT_FOUND")) await this.#claimant.onQueueMissing();
    if (!this.#isStopped) this.resume();
  }
}
