import { isAmqpError, type CallChannel } from "@lovage/client-amqp";
import { backOff, errorText, type Clock, type Log, type Timer } from "@lovage/foundation";

import type { ConsumerChannel } from "./consumer-channel.ts";

/** The channel of a consumer as it is watched. */
export type WatchedChannel = Pick<ConsumerChannel, "arrived" | "hasRoom" | "held" | "setCap" | "giveWay">;

/** What an {@link ArrivalWatch} works with. */
export interface ArrivalWatchParts {
  readonly queue: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly calls: Pick<CallChannel, "call">;
  /** The channel stays after all: give it its cap again. */
  readonly onKept: () => void;
}

/** Between two looks at a queue: hundreds that are idle cost some questions a second, spread by chance. */
const longestPauseMs = 40_000;
/** Behind a look at which messages waited. */
const longestDoubtMs = 10_000;
/** Looks in a row at which messages wait, and none came. One may just meet a message on its way. */
const mostWaiting = 2;

/**
 * Replaces the channel of a consumer that should get messages and does not. When a quorum queue is deleted and made again at once, RabbitMQ attaches the
 * consumer to the new queue, forgets that it did, and drops what this queue sends it, up to its prefetch; nobody is told. With the channel's end it all comes back.
 *
 * Only a channel that has room, holds nothing and got nothing is replaced, and only once its consumer has ended in an orderly way: what came meanwhile keeps it.
 * One to which nothing comes while nothing waits stays, since this is how most are: on a quorum queue what is on its way counts as lost even then.
 *
 * | state | entered | left |
 * |---|---|---|
 * | `watching` | a channel is there; something came to one that was to be replaced | it gets nothing and should |
 * | `ending` | its consumer is being ended | the broker has answered, or the channel has ended |
 * | `replacing` | its consumer has ended, and nothing had come | the channel has ended |
 */
export class ArrivalWatch {
  readonly #parts: ArrivalWatchParts;
  #state: "watching" | "ending" | "replacing" = "watching";
  #channel: WatchedChannel | undefined;
  #timer: Timer | undefined;
  /** What had come by the last look. */
  #arrived = 0;
  /** The last looks in a row that found messages waiting. */
  #waiting = 0;

  constructor(parts: ArrivalWatchParts) {
    this.#parts = parts;
  }

  /** It is this channel from now on. */
  over(channel: WatchedChannel): void {
    this.end();
    this.#channel = channel;
    this.#forget(channel);
    this.#schedule(channel);
  }

  /** The channel has ended, or is looked after no more. @returns whether it was replaced from here */
  end(): boolean {
    const wasReplaced = this.#state === "replacing";
    this.#state = "watching";
    this.#channel = undefined;
    this.#timer?.cancel();
    return wasReplaced;
  }

  /** Nothing more comes to the channel. */
  onQuiet(): void {
    const channel = this.#channel;
    if (this.#state !== "ending" || channel === undefined) return;
    if (!this.#isIdle(channel)) return this.#keep(channel);
    this.#state = "replacing";
    channel.giveWay();
  }

  #schedule(channel: WatchedChannel): void {
    const isInDoubt = this.#state === "watching" && this.#waiting > 0;
    const maxMs = isInDoubt ? longestDoubtMs : longestPauseMs;
    const pauseMs = backOff({ baseMs: maxMs, maxMs, jitter: "equal" }, 0);
    this.#timer = this.#parts.clock.timer(pauseMs, () => void this.#look(channel));
  }

  async #look(channel: WatchedChannel): Promise<void> {
    // It was given room again before its consumer had ended.
    if (this.#state === "ending") this.#keep(channel);
    else if (!channel.hasRoom || !this.#isIdle(channel)) this.#forget(channel);
    else await this.#ask(channel);
    if (this.#channel === channel) this.#schedule(channel);
  }

  /** Never rejects. */
  async #ask(channel: WatchedChannel): Promise<void> {
    const ready = await this.#countReady();
    if (this.#channel !== channel) return;
    if (!channel.hasRoom || !this.#isIdle(channel)) return this.#forget(channel);
    this.#waiting = ready > 0 ? this.#waiting + 1 : 0;
    if (this.#waiting < mostWaiting && ready !== Infinity) return;
    const { queue, log } = this.#parts;
    log.warn(
      `Queue "${queue}" has messages or is gone, and its consumer was told nothing: consuming over another channel.`,
    );
    this.#state = "ending";
    channel.setCap(0);
  }

  /** Messages that wait; infinitely many where the queue is gone, and 0 where nobody can tell. Of a quorum queue without a leader the broker says 0 as well. */
  async #countReady(): Promise<number> {
    const { queue, calls, log } = this.#parts;
    try {
      const what = `looking whether messages wait in queue "${queue}"`;
      const { messageCount } = await calls.call(what, (channel) => channel.checkQueue(queue));
      return messageCount;
    } catch (error) {
      log.debug(`Queue "${queue}" could not be looked at.`, { error: errorText(error) });
      return isAmqpError(error) && error.kind === "missing" ? Infinity : 0;
    }
  }

  #isIdle(channel: WatchedChannel): boolean {
    return channel.held === 0 && channel.arrived === this.#arrived;
  }

  #keep(channel: WatchedChannel): void {
    this.#state = "watching";
    this.#forget(channel);
    this.#parts.onKept();
  }

  #forget({ arrived }: WatchedChannel): void {
    this.#arrived = arrived;
    this.#waiting = 0;
  }
}
