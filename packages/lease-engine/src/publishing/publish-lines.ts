import type { Clock } from "@lovage/foundation";
import { asError, GracePeriod, hasCode } from "@lovage/foundation";
import type { PublishError } from "@lovage/transport";
import { TransportUnavailableError } from "@lovage/transport";

import { isRefusal } from "../is-transient.ts";
import type { MessageCheck } from "../routing/message-check.ts";
import { DeadlineTimer } from "./deadline-timer.ts";
import { PublishCall } from "./publish-call.ts";
import { PublishJoiner } from "./publish-joiner.ts";
import type { PublishLine } from "./publish-line.ts";
import { closedBefore, timedOutBefore } from "./unsent.ts";
import type { StoreLink } from "../store-link.ts";
import type { LeaseStore, RoutedMessage } from "../store.ts";

/** What {@link PublishLines} work with. */
export interface PublishLinesOptions {
  readonly store: LeaseStore;
  readonly link: StoreLink;
  readonly clock: Clock;
  readonly check: MessageCheck;
}

/** A message with its place in the call it came from. */
interface Placed {
  readonly place: number;
  readonly message: RoutedMessage;
}

/** Messages of one queue that stay together: several that are ready, or one that is made ready. */
interface Share {
  readonly placed: Placed[];
  readonly preparing: Promise<RoutedMessage> | undefined;
}

/**
 * One line of publish calls for each queue, so that a queue that is slow keeps no other waiting. A call of several queues goes in shares; so does what must be prepared
 * first, which keeps others of its queue waiting only where they have an order.
 *
 * A call to an exchange may go to any queue, so that those behind it wait until that is known, or until it is put off.
 */
export class PublishLines implements PublishLine {
  readonly #options: PublishLinesOptions;
  readonly #lines = new Map<string, PublishJoiner>();
  /** Calls of which one before them, or they themselves, are not routed yet. */
  #unrouted: PublishCall[] = [];
  /** Calls of which it is not told for now where they go. */
  readonly #putOff = new Set<PublishCall>();
  readonly #deadlines: DeadlineTimer;
  readonly #grace: GracePeriod;
  #isClosing = false;

  constructor(options: PublishLinesOptions) {
    this.#options = options;
    this.#grace = new GracePeriod(options.clock);
    this.#deadlines = new DeadlineTimer(options.clock, (nowMs) => this.#expire(nowMs));
  }

  add(call: PublishCall): void {
    this.#unrouted.push(call);
    this.#advance();
    if (this.#unrouted.length > 0) this.#deadlines.watch(call.deadlineMs);
  }

  pump(call: PublishCall): void {
    if (this.#putOff.has(call) && !isUnrouted(call)) {
      this.#putOff.delete(call);
      this.#divide(call);
    }
    this.#advance();
  }

  #advance(): void {
    for (let next = this.#unrouted[0]; next !== undefined; next = this.#unrouted[0]) {
      if (isUnrouted(next) && !next.isPutOff) return;
      this.#unrouted.shift();
      if (isUnrouted(next)) this.#putOff.add(next);
      else this.#divide(next);
    }
    if (this.#isClosing && this.#putOff.size === 0) this.#grace.end();
  }

  #expire(nowMs: number): void {
    for (const call of this.#unrouted) if (call.deadlineMs <= nowMs) this.#timeOut(call);
    this.#unrouted = this.#unrouted.filter(({ isSettled }) => !isSettled);
    const nextMs = this.#unrouted.reduce((earliestMs, { deadlineMs }) => Math.min(earliestMs, deadlineMs), Infinity);
    if (nextMs < Infinity) this.#deadlines.watch(nextMs);
    this.#advance();
  }

  async close(graceMs: number): Promise<void> {
    const { clock, link } = this.#options;
    const endsAtMs = clock.monotonic() + graceMs;
    this.#isClosing = true;
    this.#grace.limit(graceMs);
    this.#advance();
    await this.#grace.over;
    // The store did not tell in time where they go.
    for (const call of [...this.#unrouted.splice(0), ...this.#putOff])
      call.fail(closedBefore(call.lastError ?? link.cause));
    this.#putOff.clear();
    this.#deadlines.cancel();
    const restMs = Math.max(0, endsAtMs - clock.monotonic());
    await Promise.all([...this.#lines.values()].map((line) => line.close(restMs)));
  }

  #timeOut(call: PublishCall): void {
    call.fail(call.lastError ?? timedOutBefore(this.#options.link.cause));
  }

  #divide(call: PublishCall): void {
    const { messages = [] } = call;
    // The timer of deadlines may be late, as after a blocked loop.
    if (call.deadlineMs <= this.#options.clock.monotonic()) this.#timeOut(call);
    if (call.isSettled) return;
    for (const [queue, placed] of Map.groupBy(placedOf(messages), ({ message }) => message.to)) {
      const line = this.#lineOf(queue);
      const shares = sharesOf(this.#options.store, placed);
      const [first] = shares;
      const isWhole = first?.placed.length === messages.length && first.preparing === undefined;
      if (isWhole) line.add(call);
      else for (const share of shares) this.#send(line, call, share);
    }
  }

  #lineOf(queue: string): PublishJoiner {
    const known = this.#lines.get(queue);
    if (known !== undefined) return known;
    const { check } = this.#options;
    const line = new PublishJoiner({ ...this.#options, isUnordered: !check.isOrdered(queue) });
    this.#lines.set(queue, line);
    return line;
  }

  #send(line: PublishJoiner, call: PublishCall, { placed, preparing }: Share): void {
    const part = new PublishCall(call.deadlineMs);
    void tell(
      call,
      placed.map(({ place }) => place),
      part.promise,
    );
    if (preparing === undefined) part.route(placed.map(({ message }) => message));
    else void this.#prepare(part, preparing, placed[0]?.message).then(() => line.pump());
    line.add(part);
  }

  /** Never rejects. */
  async #prepare(
    part: PublishCall,
    preparing: Promise<RoutedMessage>,
    plain: RoutedMessage | undefined,
  ): Promise<void> {
    part.lastError = new TransportUnavailableError(
      "The message could not be made ready within its publish timeout: its body is kept elsewhere first. Nothing was sent.",
    );
    try {
      const message = await preparing;
      const discard = (): void => {
        if (message !== plain) this.#options.store.discard?.(message);
      };
      if (part.isSettled) return discard();
      part.lastError = undefined;
      part.route([message]);
      part.promise.catch((error: unknown) => {
        // One that is closed may have been tried before.
        if (isRefusal(error) && !hasCode(error, "CLOSED")) discard();
      });
    } catch (error) {
      part.fail(asError(error));
    }
  }
}

function isUnrouted({ isSettled, messages }: PublishCall): boolean {
  return !isSettled && messages === undefined;
}

/** Tells a call what became of the messages at these places. */
async function tell(call: PublishCall, places: readonly number[], outcome: Promise<void>): Promise<void> {
  try {
    await outcome;
    call.accept(places.length);
  } catch (error) {
    const reasons = hasCode(error, "PUBLISH_FAILED") ? reasonsOf(error as PublishError) : undefined;
    for (const [index, place] of places.entries()) {
      const reason = reasons === undefined ? asError(error) : reasons.get(index);
      if (reason === undefined) call.accept(1);
      else call.refuse(place, 1, reason);
    }
  }
}

function reasonsOf({ failures }: PublishError): ReadonlyMap<number, Error> {
  return new Map(failures.map(({ index, error }) => [index, error]));
}

function placedOf(messages: readonly RoutedMessage[]): readonly Placed[] {
  return messages.map((message, place) => ({ place, message }));
}

function sharesOf(store: LeaseStore, placed: readonly Placed[]): readonly Share[] {
  const shares: Share[] = [];
  for (const each of placed) {
    const preparing = store.prepare?.(each.message);
    const last = shares.at(-1);
    if (preparing === undefined && last !== undefined && last.preparing === undefined) last.placed.push(each);
    else shares.push({ placed: [each], preparing });
  }
  return shares;
}
