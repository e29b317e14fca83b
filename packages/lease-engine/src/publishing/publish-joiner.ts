import type { Clock } from "@lovage/foundation";
import { asError, backOff, GracePeriod, hasCode } from "@lovage/foundation";
import { PublishTimeoutError, PublishUncertainError } from "@lovage/transport";
import type { PublishError } from "@lovage/transport";

import { isRefusal, isTransient } from "../is-transient.ts";
import { Joiner } from "../joiner.ts";
import { weightOf } from "./batch-weight.ts";
import { DeadlineTimer } from "./deadline-timer.ts";
import type { PublishCall } from "./publish-call.ts";
import type { PublishLine } from "./publish-line.ts";
import { cutIntoBatches, messagesOf, type Part } from "./publish-parts.ts";
import { publishWaits } from "./publish-waits.ts";
import { closedBefore, timedOutBefore } from "./unsent.ts";
import type { StoreLink } from "../store-link.ts";
import type { LeaseStore } from "../store.ts";

/** What a {@link PublishJoiner} works with. */
export interface PublishJoinerOptions {
  readonly store: LeaseStore;
  readonly link: StoreLink;
  readonly clock: Clock;
  /** A call that is not ready holds back nobody. @default false */
  readonly isUnordered?: boolean;
}

/**
 * Sends publish calls to the store, joined. Each call has its own fate: a batch that the store refuses is halved until the culprit stands alone. What
 * the store could not take for the moment is repeated until the calls' deadlines.
 */
export class PublishJoiner implements PublishLine {
  readonly #store: LeaseStore;
  readonly #link: StoreLink;
  readonly #clock: Clock;
  readonly #joiner: Joiner<PublishCall>;
  readonly #deadlines: DeadlineTimer;
  readonly #grace: GracePeriod;
  #closing: Promise<void> | undefined;

  constructor({ store, link, clock, isUnordered = false }: PublishJoinerOptions) {
    this.#store = store;
    this.#link = link;
    this.#clock = clock;
    this.#grace = new GracePeriod(clock);
    this.#deadlines = new DeadlineTimer(clock, (nowMs) => this.#expire(nowMs));
    this.#joiner = new Joiner<PublishCall>({
      maxInFlight: store.facts.publishesInFlight,
      maxWeight: weightOf(store.facts.maxBatch),
      weigh: (call) => call.weight,
      isReady: (call) => call.isSettled || call.messages !== undefined,
      isUnordered,
      send: (calls) => this.#send(calls),
    });
  }

  /** Takes a call into the line; one that has not been routed yet holds back those behind it until `pump`, where order counts. */
  add(call: PublishCall): void {
    this.#deadlines.watch(call.deadlineMs);
    this.#joiner.add(call);
  }

  /** A call of the line has been routed. */
  pump(): void {
    this.#joiner.pump();
  }

  /** Lets what is under way settle for as long, then ends the rest. A later call may shorten the grace. */
  close(graceMs: number): Promise<void> {
    this.#grace.limit(graceMs);
    return (this.#closing ??= this.#close());
  }

  async #close(): Promise<void> {
    if (!this.#hasOpenCalls()) this.#grace.end();
    await this.#grace.over;
    this.#end((call, isUnderWay) => this.#closedOf(call, isUnderWay));
    this.#deadlines.cancel();
  }

  #closedOf(call: PublishCall, isUnderWay: boolean): Error {
    // One with an error waits to be sent again; nothing of it has gone out since.
    const isUnsent = !isUnderWay || (call.lastError !== undefined && !call.isPartlyAccepted);
    return isUnsent
      ? closedBefore(call.lastError ?? this.#link.cause)
      : new PublishUncertainError(
          "The connection was closed before the broker answered; the batch may have been accepted.",
        );
  }

  #expire(nowMs: number): void {
    this.#end((call, isUnderWay) => (call.deadlineMs <= nowMs ? this.#timeoutOf(call, isUnderWay) : undefined));
    let nextMs = Infinity;
    // One that is settled stays in its batch until the store has answered.
    this.#joiner.forEach((call) => {
      if (!call.isSettled) nextMs = Math.min(nextMs, call.deadlineMs);
    });
    if (nextMs < Infinity) this.#deadlines.watch(nextMs);
    this.#tellIdle();
  }

  #timeoutOf(call: PublishCall, isUnderWay: boolean): Error {
    if (call.lastError !== undefined && !call.isPartlyAccepted) return call.lastError;
    if (isUnderWay) return unanswered(call.earlierError);
    return timedOutBefore(this.#link.cause);
  }

  #end(errorFor: (call: PublishCall, isUnderWay: boolean) => Error | undefined): void {
    this.#joiner.forEach((call, isUnderWay) => {
      const error = call.isSettled ? undefined : errorFor(call, isUnderWay);
      if (error !== undefined) call.fail(error);
    });
    this.#joiner.forget((call) => call.isSettled);
  }

  async #send(calls: readonly PublishCall[]): Promise<void> {
    for (const parts of cutIntoBatches(calls, weightOf(this.#store.facts.maxBatch))) await this.#write(parts);
    this.#tellIdle();
  }

  #hasOpenCalls(): boolean {
    let isOpen = false;
    this.#joiner.forEach((call) => (isOpen ||= !call.isSettled));
    return isOpen;
  }

  #tellIdle(): void {
    if (this.#closing !== undefined && !this.#hasOpenCalls()) this.#grace.end();
  }

  async #write(parts: readonly Part[]): Promise<void> {
    let left = parts;
    for (let attempt = 0; ; attempt += 1) {
      const open = left.every(isUnsettled) ? left : left.filter(isUnsettled);
      if (open.length === 0) return;
      if (this.#link.state === "reconnecting") {
        await this.#waitForLink(open);
        continue;
      }
      try {
        for (const { call } of open) call.attempt();
        await this.#store.publish(messagesOf(open));
        for (const { call, messages } of open) call.accept(messages.length);
        return;
      } catch (error) {
        let reason = asError(error);
        if (isPartial(error)) [left, reason] = settleSome(open, error);
        else if (!isTransient(error)) return await this.#refused(open, reason);
        if (left.length > 0) await this.#pause(left, reason, attempt);
      }
    }
  }

  async #refused(parts: readonly Part[], error: Error): Promise<void> {
    const halves = isRefusal(error) ? this.#halve(parts) : [];
    for (const half of halves) await this.#write(half);
    if (halves.length > 0) return;
    for (const { call, messages, from } of parts) call.refuse(from, messages.length, error);
  }

  /** Two halves, each of which the store may accept alone; none when the parts share a fate to the end. */
  #halve(parts: readonly Part[]): readonly (readonly Part[])[] {
    if (parts.length > 1) {
      const middle = parts.length >> 1;
      return [parts.slice(0, middle), parts.slice(middle)];
    }
    const part = parts[0];
    if (part === undefined || part.messages.length < 2 || this.#store.facts.capabilities.atomicPublish) return [];
    const middle = part.messages.length >> 1;
    return [
      [{ ...part, messages: part.messages.slice(0, middle) }],
      [{ ...part, messages: part.messages.slice(middle), from: part.from + middle }],
    ];
  }

  /** Whatever ends the waiting, the next round looks at what is left to do. */
  async #waitForLink(parts: readonly Part[]): Promise<void> {
    for (const { call } of parts) call.lastError ??= this.#link.cause;
    await this.#link.settled();
    if (this.#link.state === "closed") for (const { call } of parts) call.fail(closedBefore(this.#link.cause));
  }

  async #pause(parts: readonly Part[], error: Error, attempt: number): Promise<void> {
    for (const { call } of parts) call.lastError = error;
    this.#link.report(error, this);
    if (this.#link.state !== "open") return await this.#waitForLink(parts);
    await this.#clock.sleep(backOff(publishWaits, attempt), { signal: this.#link.closing }).catch(() => {
      // The link is closed: the next round finds every call ended.
      for (const { call } of parts) call.fail(closedBefore(error));
    });
  }
}

function isPartial(error: unknown): error is PublishError {
  return hasCode(error, "PUBLISH_FAILED");
}

/** The store took all but some, and says of each of these why. Gives those to try again, and why. */
function settleSome(parts: readonly Part[], partial: PublishError): [readonly Part[], Error] {
  const reasons = new Map(partial.failures.map(({ index, error }) => [index, error]));
  const again: Part[] = [];
  let why: Error = partial;
  let index = 0;
  for (const { call, messages, from } of parts) {
    for (const [place, message] of messages.entries()) {
      const reason = reasons.get(index);
      index += 1;
      if (reason === undefined) call.accept(1);
      else if (!isTransient(reason)) call.refuse(from + place, 1, reason);
      else {
        why = reason;
        again.push({ call, messages: [message], from: from + place });
      }
    }
  }
  return [again, why];
}

function isUnsettled({ call }: Part): boolean {
  return !call.isSettled;
}

/** What kept an earlier attempt is most often what keeps this one. */
function unanswered(earlier: Error | undefined): PublishTimeoutError {
  const before = earlier === undefined ? "" : ` An attempt before this one failed: ${earlier.message}`;
  return new PublishTimeoutError(
    `The broker did not answer within the publish timeout; the batch may have been accepted.${before}`,
    { cause: earlier },
  );
}
