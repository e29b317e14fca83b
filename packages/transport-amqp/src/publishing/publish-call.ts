import type { Posting } from "@lovage/client-amqp";
import type { Timer } from "@lovage/foundation";
import type { PublishFailure } from "@lovage/transport";
import { failureOfPublish } from "@lovage/transport";

import type { Parcel } from "../wire/parcel.ts";
import { SentMessages } from "./sent-messages.ts";

/** A message of a call, written or to be written. */
export interface Item {
  readonly name: string;
  readonly posting: Posting;
}

const none: ReadonlySet<number> = new Set();

/** One call of `publish` on its way: what of it is open, and what failed. Settles its promise once. */
export class PublishCall {
  readonly parcels: readonly Parcel[];
  readonly promise: Promise<void>;
  items: readonly Item[] = [];
  timer: Timer | undefined;
  readonly #sent: SentMessages | undefined;
  readonly #names: readonly string[];
  readonly #failures: PublishFailure[] = [];
  /** What was left of calls before: they are not written again. */
  readonly #joined: ReadonlySet<number>;
  #open: number;
  #isSettled = false;
  #resolve!: () => void;
  #reject!: (error: Error) => void;

  /** @param sent What was sent for the same delivery before, and is told of what becomes of these. */
  constructor(parcels: readonly Parcel[], sent?: SentMessages) {
    this.parcels = parcels;
    this.#sent = sent;
    this.#names = sent === undefined ? [] : SentMessages.namesOf(parcels);
    this.#open = parcels.length;
    this.promise = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.#joined = sent === undefined ? none : new Set([...parcels.keys()].filter((index) => this.#join(index)));
  }

  get isSettled(): boolean {
    return this.#isSettled;
  }

  /** Whether the broker may have any of it. */
  get wasSent(): boolean {
    if (this.#open < this.parcels.length || this.#joined.size > 0) return true;
    return this.items.some(({ posting }) => wasWritten(posting));
  }

  /** What is to be written, by its place in the call. */
  get unwritten(): readonly (readonly [index: number, parcel: Parcel])[] {
    return [...this.parcels.entries()].filter(([index]) => !this.#joined.has(index));
  }

  nameOf(index: number): string {
    return this.#names[index] ?? "";
  }

  /** One message has met its fate. */
  settle(index: number, error: Error | null): void {
    this.#sent?.end(this.nameOf(index), error);
    this.#count(index, error);
  }

  /** Ends the call as a whole. */
  fail(error: Error): void {
    if (this.#isSettled) return;
    this.#isSettled = true;
    this.timer?.cancel();
    this.#reject(error);
  }

  /** Ends the call: what it was to send is not wanted any more, nor to be heard of. */
  withdraw(error: Error): void {
    this.fail(error);
    for (const { name } of this.items) this.#sent?.end(name, error);
  }

  /** Its time is over; what was written, and belongs to a delivery, is heard of all the same. @returns what is not wanted any more */
  leave(): readonly Item[] {
    const sent = this.#sent;
    if (sent === undefined) return this.items;
    const isLeft = ({ posting }: Item): boolean => wasWritten(posting);
    for (const { name } of this.items.filter((item) => isLeft(item))) sent.leave(name);
    return this.items.filter((item) => !isLeft(item));
  }

  /** Resolves once it is known what became of all that was left. Never rejects. */
  async over(): Promise<void> {
    await this.#sent?.over();
  }

  /** @returns whether it was sent before */
  #join(index: number): boolean {
    const name = this.nameOf(index);
    const fate = this.#sent?.fateOf(name);
    void fate?.then((error) => this.#count(index, error));
    if (this.#sent?.isAccepted(name) !== true) return fate !== undefined;
    this.#count(index, null);
    return true;
  }

  #count(index: number, error: Error | null): void {
    const messageId = this.parcels[index]?.message.properties.messageId ?? "";
    if (error !== null) this.#failures.push({ index, messageId, error });
    this.#open -= 1;
    if (this.#open === 0) this.#finish();
  }

  #finish(): void {
    if (this.#isSettled) return;
    this.#isSettled = true;
    this.timer?.cancel();
    if (this.#failures.length === 0) return this.#resolve();
    this.#reject(failureOfPublish(this.#failures, this.parcels.length));
  }
}

/** The broker has it, or will have it when it reads on. */
function wasWritten({ state }: Posting): boolean {
  return state === "sent" || state === "returned";
}

/** Why a call is given up whose messages could have gone out. */
export function timeoutText({ wasSent }: PublishCall, time: string, isBlocked: boolean): string {
  const alarm = "it takes no messages, since an alarm for memory or disk is on";
  if (wasSent) {
    const why = isBlocked ? `: ${alarm}. What` : "; what";
    return `The broker did not confirm within ${time}${why} was published may have been accepted.`;
  }
  const why = isBlocked ? alarm : "it takes too few at a time";
  return `The broker did not take the messages within ${time}: ${why}. Nothing was sent.`;
}
