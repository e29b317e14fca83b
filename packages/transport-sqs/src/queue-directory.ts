import { CreateQueueCommand, GetQueueAttributesCommand, GetQueueUrlCommand } from "@aws-sdk/client-sqs";
import { hasCode } from "@lovage/foundation";
import {
  deadLetterQueueOf,
  isDeadLetterQueue,
  QueueNotFoundError,
  TopologyMismatchError,
  type QueueDeclaration,
} from "@lovage/transport";

import { checkDeclaration, readDriverOptions } from "./driver-options.ts";
import { isFifo, partsOf, sqsNameOf } from "./queue-name.ts";
import type { SqsApi } from "./sqs-api.ts";

/** A queue of SQS. */
export interface KnownQueue {
  /** As it is called here. */
  readonly queue: string;
  readonly sqsName: string;
  readonly url: string;
  readonly isFifo: boolean;
  /** Largest message it takes, as SQS counts it: text and attributes. */
  readonly maxBytes: number;
  /** Group of messages without a key, in a FIFO queue. @default each is its own */
  readonly group: string | undefined;
  /** Python's workers read it, too. */
  readonly isShared: boolean;
}

/** What a directory is made with. */
export interface DirectoryOptions {
  readonly api: SqsApi;
  readonly prefix: string;
  readonly creates: boolean;
  /** URLs of queues that are there already, by name. */
  readonly predefined: Readonly<Record<string, string>>;
}

/** 14 days: the longest that SQS keeps a message. */
const maxRetentionSeconds = 1_209_600;
/** Kombu's own; it counts for Python's workers only, since every receive of ours says how long. */
const celeryVisibilitySeconds = 1_800;
/** Releases in a FIFO queue count too, so it must be high. */
const backstopReceives = 100;

/** The queues of SQS by our names: looked up once, and created where that is allowed. */
export class QueueDirectory {
  readonly #options: DirectoryOptions;
  readonly #known = new Map<string, KnownQueue>();
  /** Which name of ours took a name in SQS: two must not share one unawares. */
  readonly #owners = new Map<string, string>();

  constructor(options: DirectoryOptions) {
    this.#options = options;
  }

  /** Of a queue that was declared or looked up before. */
  find(queue: string): KnownQueue | undefined {
    return this.#known.get(queue);
  }

  /** Our name for a queue of SQS; its own, without the prefix, where we have none. */
  nameOf(sqsName: string): string {
    return this.#owners.get(sqsName) ?? sqsName.slice(this.#options.prefix.length);
  }

  /** @throws QUEUE_NOT_FOUND */
  async require(queue: string): Promise<KnownQueue> {
    const known = await this.seek(queue);
    if (known === undefined) throw new QueueNotFoundError(queue);
    return known;
  }

  /** As `require`; `undefined` where there is no such queue. */
  async seek(queue: string): Promise<KnownQueue | undefined> {
    return this.#known.get(queue) ?? (await this.#lookUp(queue));
  }

  /** The queue as it is now, whatever was known. */
  async refresh(queue: string): Promise<KnownQueue> {
    this.forget(queue);
    return await this.require(queue);
  }

  forget(queue: string): void {
    const known = this.#known.get(queue);
    if (known === undefined) return;
    this.#known.delete(queue);
    this.#owners.delete(known.sqsName);
  }

  /** Makes a queue exist with all that belongs to it. @throws before any I/O: NAME_INVALID, FEATURE_UNSUPPORTED, TOPOLOGY_MISMATCH */
  check(declaration: QueueDeclaration): void {
    checkDeclaration(declaration);
    for (const part of partsOf(declaration.name)) {
      const owner = this.#owners.get(this.#sqsNameOf(part));
      if (owner === undefined || owner === part) continue;
      throw new TopologyMismatchError(
        `Queues "${owner}" and "${part}" would be one queue in SQS, "${this.#sqsNameOf(part)}": dots and hyphens are the same there. Rename one of them.`,
        { queue: part },
      );
    }
  }

  /** @throws QUEUE_NOT_FOUND where queues may not be created */
  async declare(declaration: QueueDeclaration): Promise<void> {
    const { name } = declaration;
    // The dead letters first: the queue refers to them.
    for (const part of partsOf(name).toReversed()) await this.#ensure(part, declaration);
  }

  async #ensure(queue: string, declaration: QueueDeclaration): Promise<void> {
    const group = readDriverOptions(declaration).group;
    const found = await this.#lookUp(queue);
    if (found === undefined) await this.#create(queue, declaration);
    const known = found ?? (await this.#lookUp(queue));
    if (known === undefined) throw new QueueNotFoundError(queue);
    const isShared = queue === declaration.name && (declaration.consumers ?? "lovage") !== "lovage";
    this.#remember({ ...known, group, isShared });
  }

  #remember(known: KnownQueue): void {
    this.#known.set(known.queue, known);
    this.#owners.set(known.sqsName, known.queue);
  }

  async #lookUp(queue: string): Promise<KnownQueue | undefined> {
    const url = await this.#urlOf(queue);
    if (url === undefined) return undefined;
    const attributes = await this.#attributesOf(queue, url);
    if (attributes === undefined) return undefined;
    const known: KnownQueue = {
      queue,
      sqsName: url.slice(url.lastIndexOf("/") + 1),
      url,
      isFifo: attributes["FifoQueue"] === "true",
      maxBytes: Number(attributes["MaximumMessageSize"] ?? 262_144),
      group: undefined,
      isShared: false,
    };
    if (known.isFifo !== isFifo(queue)) throw kindMismatch(known);
    this.#remember(known);
    return known;
  }

  async #urlOf(queue: string): Promise<string | undefined> {
    const { api, predefined } = this.#options;
    const given = predefined[queue];
    if (given !== undefined) return given;
    const command = new GetQueueUrlCommand({ QueueName: this.#sqsNameOf(queue) });
    try {
      return (await api.call((client, options) => client.send(command, options), { queue })).QueueUrl;
    } catch (error) {
      if (hasCode(error, "QUEUE_NOT_FOUND")) return undefined;
      throw error;
    }
  }

  async #attributesOf(queue: string, url: string): Promise<Readonly<Partial<Record<string, string>>> | undefined> {
    const command = new GetQueueAttributesCommand({ QueueUrl: url, AttributeNames: ["All"] });
    try {
      const { Attributes = {} } = await this.#options.api.call((client, options) => client.send(command, options), {
        queue,
      });
      return Attributes;
    } catch (error) {
      // Deleted since its URL was told.
      if (hasCode(error, "QUEUE_NOT_FOUND")) return undefined;
      throw error;
    }
  }

  async #create(queue: string, declaration: QueueDeclaration): Promise<void> {
    const { api, creates } = this.#options;
    const sqsName = this.#sqsNameOf(queue);
    if (!creates) {
      throw new TopologyMismatchError(
        `There is no queue "${sqsName}" in SQS for queue "${queue}", and this connection creates none. Create it (docs/sqs.md shows how), or set createQueues: true.`,
        { queue },
      );
    }
    const command = new CreateQueueCommand({
      QueueName: sqsName,
      Attributes: await this.#newAttributes(queue, declaration),
    });
    await api.call((client, options) => client.send(command, options), { queue });
  }

  async #newAttributes(
    queue: string,
    { name, deadLetterRetentionMs }: QueueDeclaration,
  ): Promise<Record<string, string>> {
    const isDead = isDeadLetterQueue(queue);
    const retention = isDead ? (deadLetterRetentionMs ?? Infinity) / 1_000 : Infinity;
    const common = {
      VisibilityTimeout: String(celeryVisibilitySeconds),
      MessageRetentionPeriod: String(Math.min(maxRetentionSeconds, Math.floor(retention))),
    };
    if (isFifo(queue)) return { ...common, FifoQueue: "true" };
    if (isDead || queue !== name) return common;
    const dead = await this.require(deadLetterQueueOf(queue));
    const attributes = await this.#attributesOf(dead.queue, dead.url);
    const target = attributes?.["QueueArn"];
    if (target === undefined) return common;
    const policy = { deadLetterTargetArn: target, maxReceiveCount: backstopReceives };
    return { ...common, RedrivePolicy: JSON.stringify(policy) };
  }

  #sqsNameOf(queue: string): string {
    return sqsNameOf(queue, this.#options.prefix);
  }
}

function kindMismatch({ queue, url, isFifo: is }: KnownQueue): Error {
  return new TopologyMismatchError(
    `Queue "${queue}" is ${url} in SQS, which is a ${is ? "FIFO" : "standard"} queue: names of FIFO queues end in ".fifo", others do not.`,
    { queue },
  );
}
