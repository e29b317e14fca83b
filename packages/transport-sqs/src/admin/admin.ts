import { DeleteQueueCommand, paginateListQueues, PurgeQueueCommand } from "@aws-sdk/client-sqs";
import { hasCode } from "@lovage/foundation";
import {
  browsedMessage,
  isDeadLetterQueue,
  readBrowseOptions,
  replayOf,
  TransportRejectedError,
  type BrowsedMessage,
  type BrowseOptions,
  type BrowsePage,
  type MessageSelection,
  type QueueAdmin,
  type QueueStats,
} from "@lovage/transport";

import type { Arrival } from "../message/arrival.ts";
import { choiceOf, choiceOfWaiting, type Choice } from "./choice.ts";
import { failuresError, publishMessages } from "../publish.ts";
import { delayQueueOf, partsOf } from "../queues/queue-name.ts";
import type { KnownQueue } from "../queues/queue-directory.ts";
import { removeChosen, type Done, type Removal } from "./removal.ts";
import { scan } from "./scan.ts";
import type { SqsContext } from "../sqs-context.ts";
import { countsOf, statsOf, type Counts } from "./stats.ts";

/** More than these are not taken away ten at a time: it would take minutes. */
const mostInTens = 10_000;

/** Queues of SQS, looked at and mended, as far as SQS shows what is in them. */
export class SqsAdmin implements QueueAdmin {
  readonly #context: SqsContext;
  readonly #prefix: string;

  constructor(context: SqsContext, prefix: string) {
    this.#context = context;
    this.#prefix = prefix;
  }

  async list(): Promise<readonly string[]> {
    const { api, directory } = this.#context;
    const names = await api.call(async (client, options) => {
      const found: string[] = [];
      const paginator = { client, pageSize: 1_000 };
      for await (const page of paginateListQueues(paginator, { QueueNamePrefix: this.#prefix }, options)) {
        found.push(...(page.QueueUrls ?? []).map((url) => url.slice(url.lastIndexOf("/") + 1)));
      }
      return found;
    });
    const all = new Set(names);
    return names
      .filter((name) => !isPart(name, all))
      .map((name) => directory.nameOf(name))
      .filter((queue) => !isDeadLetterQueue(queue))
      .toSorted();
  }

  async inspect(queues: readonly string[]): Promise<readonly QueueStats[]> {
    return await Promise.all(queues.map(async (queue) => await this.#onExisting(queue, statsOf)));
  }

  async purge(queue: string): Promise<number> {
    return await this.#onExisting(queue, async (context, known) => {
      const counts = await countsOf(context, known);
      // SQS may refuse that, within a minute of the last time: what is ready is to go all the same.
      const [waiting] = await Promise.allSettled([known.isFifo ? this.#purgeDelays(queue) : 0]);
      const removed = await this.#purgeOwn(known, counts);
      if (waiting.status === "rejected") throw waiting.reason;
      return waiting.value + removed;
    });
  }

  async delete(queue: string): Promise<void> {
    const { api, directory } = this.#context;
    for (const part of partsOf(queue)) {
      try {
        const { url } = await directory.refresh(part);
        const command = new DeleteQueueCommand({ QueueUrl: url });
        await api.call((client, options) => client.send(command, options), { queue: part });
      } catch (error) {
        if (!hasCode(error, "QUEUE_NOT_FOUND")) throw error;
      }
      directory.forget(part);
    }
  }

  async browse(queue: string, options: BrowseOptions = {}): Promise<BrowsePage> {
    const { state, limit } = readBrowseOptions(options);
    return await this.#onExisting(queue, async (context, known) => {
      const messages: BrowsedMessage[] = [];
      // SQS shows neither what is delayed nor what is in work.
      if (state !== "ready") return { messages };
      await scan(context, {
        queue: known,
        most: limit,
        visit: async (arrivals) => {
          messages.push(...arrivals.map((arrival) => browsedMessage(queue, { ...arrival, state })));
          return [];
        },
      });
      return { messages };
    });
  }

  async replay(deadLetterQueue: string, selection: MessageSelection): Promise<number> {
    const removal: Removal = {
      before: (arrivals) => this.#send(deadLetterQueue, arrivals),
      leftError: (left, cause) => replayedError(deadLetterQueue, left, cause),
    };
    return await this.#onExisting(deadLetterQueue, (context, queue) =>
      removeChosen(context, { queue, choice: choiceOf(selection), removal }),
    );
  }

  async drop(queue: string, selection: MessageSelection): Promise<number> {
    return await this.#onExisting(queue, (_, known) => this.#removeForGood(known, choiceOf(selection)));
  }

  /** Publishes dead letters to where they came from. What was accepted must not stay: it would be published again by the next replay. */
  async #send(deadLetterQueue: string, arrivals: readonly Arrival[]): Promise<Done> {
    const messages = arrivals.map(({ message }) => replayOf(message, deadLetterQueue));
    // A FIFO queue would take it for the step that died within the last five minutes.
    const failures = await publishMessages(this.#context, messages, (index) => `~${arrivals[index]?.sqsId ?? ""}`);
    const error = failuresError(messages, failures);
    return { arrivals: arrivals.filter((_, index) => !failures.has(index)), error };
  }

  /** Takes messages away with what is kept of them elsewhere. */
  async #removeForGood(queue: KnownQueue, choice: Choice): Promise<number> {
    const { claims } = this.#context;
    const after = async (gone: readonly Arrival[]): Promise<void> =>
      await claims?.drop(gone.map(({ message }) => message));
    return await removeChosen(this.#context, { queue, choice, removal: { after } });
  }

  async #purgeOwn(known: KnownQueue, { ready, delayed, hidden }: Counts): Promise<number> {
    // PurgeQueue takes what is in work as well, and what is sent within the next minute. Nothing else takes what is delayed.
    const isWorthIt = hidden === 0 && (delayed > 0 || ready > mostInTens);
    if (!isWorthIt) return await this.#removeForGood(known, choiceOfWaiting(this.#context.clock));
    await this.#purgeAll(known);
    return ready + delayed;
  }

  async #purgeDelays(queue: string): Promise<number> {
    const delays = await this.#context.directory.seek(delayQueueOf(queue));
    if (delays === undefined) return 0;
    const { ready, delayed, hidden } = await countsOf(this.#context, delays);
    if (ready + delayed + hidden > 0) await this.#purgeAll(delays);
    return ready + delayed + hidden;
  }

  async #purgeAll({ queue, url }: KnownQueue): Promise<void> {
    const { api, log } = this.#context;
    const command = new PurgeQueueCommand({ QueueUrl: url });
    await api.call((client, options) => client.send(command, options), { queue });
    log.warn(
      `SQS purges queue "${queue}" for up to a minute: what is sent to it meanwhile may be deleted as well.`,
      {},
    );
  }

  /** What is known of a queue may be old: what is not there any more is looked up anew, and then missed. */
  async #onExisting<T>(queue: string, work: (context: SqsContext, known: KnownQueue) => Promise<T>): Promise<T> {
    const { directory } = this.#context;
    try {
      return await work(this.#context, await directory.require(queue));
    } catch (error) {
      if (!hasCode(error, "QUEUE_NOT_FOUND")) throw error;
      return await work(this.#context, await directory.refresh(queue));
    }
  }
}

/** Not retryable, whatever the cause: a second replay would publish them again. */
function replayedError(queue: string, left: readonly Arrival[], cause: Error): Error {
  const ids = left.map(({ message }) => message.properties.messageId).join(", ");
  return new TransportRejectedError(
    `${left.length} dead letters of queue "${queue}" were replayed and could not be removed: drop them, since a second replay would run them twice (${ids}). ${cause.message}`,
    { cause },
  );
}

/** Whether it belongs to another queue: its dead letters, or what a FIFO queue delays. */
function isPart(name: string, all: ReadonlySet<string>): boolean {
  if (name.endsWith("-delay")) return all.has(name.replace(/-delay$/, ".fifo"));
  if (!name.endsWith("-dead")) return false;
  const base = name.slice(0, -"-dead".length);
  return all.has(base) || all.has(base.replace(/-fifo$/, ".fifo"));
}
