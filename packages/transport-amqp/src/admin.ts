import type { AmqpLink, CallChannel } from "@lovage/client-amqp";
import type { Clock } from "@lovage/foundation";
import { ClosedError, hasCode } from "@lovage/foundation";
import type {
  BrowsedMessage,
  BrowseOptions,
  BrowsePage,
  MessageSelection,
  QueueAdmin,
  QueueStats,
} from "@lovage/transport";
import {
  checkReplay,
  checkSelection,
  deadLetterQueueOf,
  deathOf,
  isDeadLetterQueue,
  readBrowseOptions,
  replayOf,
} from "@lovage/transport";

import type { DeclaredTopology } from "./topology/declared-topology.ts";
import type { Delays } from "./topology/delays.ts";
import { toTransportError } from "./errors.ts";
import { checkShortText } from "./wire/header-table.ts";
import { noMarks, type Received } from "./wire/message-codec.ts";
import type { Publisher } from "./publishing/publisher.ts";
import { apartQueuesOf, isAloneQueue, isBesideQueue, isSuspectsQueue } from "./wire/queue-form.ts";
import { QueueScan, type Fate } from "./queue-scan.ts";

/** What an {@link AmqpAdmin} works with. */
export interface AdminParts {
  readonly link: AmqpLink;
  readonly calls: CallChannel;
  readonly topology: DeclaredTopology;
  readonly delays: Delays;
  readonly publisher: Publisher;
  readonly clock: Clock;
  readonly isClosed: () => boolean;
  /** Whether this connection consumes a queue: it stays declared then. */
  readonly isConsumed: (queue: string) => boolean;
}

/**
 * Looks at queues over the protocol alone, without the management plug-in: RabbitMQ tells how many messages are ready, and shows one only to who
 * takes it. See {@link QueueScan} for what that means.
 */
export class AmqpAdmin implements QueueAdmin {
  readonly #parts: AdminParts;

  constructor(parts: AdminParts) {
    this.#parts = parts;
  }

  /** Those that this connection has declared: the protocol has no list. */
  list(): Promise<readonly string[]> {
    return this.#guard(async () => await Promise.resolve(this.#parts.topology.queues));
  }

  inspect(queues: readonly string[]): Promise<readonly QueueStats[]> {
    return this.#guard(() => Promise.all(queues.map((queue) => this.#statsOf(queue))), queues);
  }

  purge(queue: string): Promise<number> {
    return this.#guard(async () => {
      let purged = await this.#purge(queue);
      for (const apart of this.#apartFrom(queue)) purged += await orNone(this.#purge(apart));
      return purged;
    }, [queue]);
  }

  delete(queue: string): Promise<void> {
    return this.#guard(async () => {
      const { calls, topology, delays, isConsumed } = this.#parts;
      for (const name of [queue, ...this.#apartFrom(queue)]) {
        // Deleting what is not there is no fault for RabbitMQ.
        await calls.call(`deleting queue "${name}"`, (channel) => channel.deleteQueue(name));
        delays.forgetQueue(name);
      }
      if (!isConsumed(queue)) topology.forget(queue);
    }, [queue]);
  }

  browse(queue: string, options: BrowseOptions = {}): Promise<BrowsePage> {
    return this.#guard(async () => {
      const { state, limit } = readBrowseOptions(options);
      const messages: BrowsedMessage[] = [];
      const seen = new Set<string>();
      const look = (received: Received): Fate => {
        const { message, marks } = received;
        const name = JSON.stringify([message.properties.messageId, marks.deliveries]);
        // While others consume, what was given back may come round again.
        if (!seen.has(name)) messages.push(browsed(queue, received));
        seen.add(name);
        return { kind: "keep" };
      };
      // What waits for its time, or is in the hands of a consumer, cannot be seen.
      if (state === "ready") await this.#scan(queue, limit, look);
      else await this.#ready(queue);
      return { messages };
    }, [queue]);
  }

  replay(deadLetterQueue: string, selection: MessageSelection): Promise<number> {
    return this.#guard(() => {
      checkReplay(deadLetterQueue, selection);
      const isChosen = chooser(selection);
      return this.#scan(deadLetterQueue, mostOf(selection), ({ message, marks }) => {
        if (!isChosen(message.properties.messageId)) return { kind: "keep" };
        const { to, ...alive } = replayOf(message, deadLetterQueue);
        return { kind: "move", to, message: alive, marks: { ...noMarks, deliveries: marks.deliveries } };
      });
    }, [deadLetterQueue]);
  }

  drop(queue: string, selection: MessageSelection): Promise<number> {
    return this.#guard(() => {
      checkSelection(selection);
      const isChosen = chooser(selection);
      return this.#scan(queue, mostOf(selection), ({ message }) =>
        isChosen(message.properties.messageId) ? { kind: "drop" } : { kind: "keep" },
      );
    }, [queue]);
  }

  /** Messages that wait in one queue. @throws QUEUE_NOT_FOUND */
  async countReady(queue: string): Promise<number> {
    return await this.#guard(() => this.#ready(queue));
  }

  async #statsOf(queue: string): Promise<QueueStats> {
    let ready = await this.#ready(queue);
    if (isBesideQueue(queue)) return { queue, ready };
    for (const apart of this.#apartFrom(queue)) ready += await orNone(this.#ready(apart));
    return { queue, ready, dead: await orNone(this.#ready(deadLetterQueueOf(queue))) };
  }

  #apartFrom(queue: string): readonly string[] {
    return isBesideQueue(queue) ? [] : apartQueuesOf({ ...this.#parts.topology.formOf(queue), name: queue });
  }

  async #ready(queue: string): Promise<number> {
    try {
      const work = `counting the messages of queue "${queue}"`;
      const { messageCount } = await this.#parts.calls.call(work, (channel) => channel.checkQueue(queue));
      return messageCount;
    } catch (error) {
      throw toTransportError(error, { name: queue });
    }
  }

  async #purge(queue: string): Promise<number> {
    try {
      // Purging what is not there is no fault for RabbitMQ before version 4.
      await this.#ready(queue);
      const { messageCount } = await this.#parts.calls.call(`purging queue "${queue}"`, (channel) =>
        channel.purgeQueue(queue),
      );
      return messageCount;
    } catch (error) {
      throw toTransportError(error, { name: queue });
    }
  }

  async #scan(queue: string, most: number, decide: (received: Received) => Fate): Promise<number> {
    const { link, publisher, topology } = this.#parts;
    const waiting = await this.#ready(queue);
    const scan = await QueueScan.open(link.requireSession(), publisher, {
      queue,
      // What waits for its turn to run alone was lost before; a flag says nothing of it. Of what was taken to run alone it does, and classic queues alone have such.
      isQuorum: !isAloneQueue(queue) && (topology.formOf(queue).type === "quorum" || isSuspectsQueue(queue)),
      givesBackCopies: !isDeadLetterQueue(queue),
      clock: this.#parts.clock,
    });
    try {
      return await scan.run(Math.min(waiting, most), decide);
    } finally {
      await scan.close();
    }
  }

  async #guard<T>(work: () => Promise<T>, queues: readonly string[] = []): Promise<T> {
    if (this.#parts.isClosed()) throw new ClosedError("The connection to the broker is closed.");
    for (const queue of queues) checkShortText("queue", queue);
    try {
      return await work();
    } catch (error) {
      throw toTransportError(error);
    }
  }
}

function browsed(queue: string, { message, marks }: Received): BrowsedMessage {
  const death = deathOf(message);
  const count = death?.count ?? marks.losses + 1;
  return { queue, message, state: "ready", count, ...(death === undefined ? {} : { death }) };
}

function chooser(selection: MessageSelection): (messageId: string) => boolean {
  if ("first" in selection) return () => true;
  const wanted = new Set(selection.messageIds);
  return (messageId) => wanted.has(messageId);
}

function mostOf(selection: MessageSelection): number {
  return "first" in selection ? selection.first : Infinity;
}

async function orNone(count: Promise<number>): Promise<number> {
  try {
    return await count;
  } catch (error) {
    if (hasCode(error, "QUEUE_NOT_FOUND")) return 0;
    throw error;
  }
}
