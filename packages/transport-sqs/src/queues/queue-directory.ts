import { CreateQueueCommand, GetQueueAttributesCommand, GetQueueUrlCommand } from "@aws-sdk/client-sqs";
import { hasCode, type Log } from "@lovage/foundation";
import {
  deadLetterQueueOf,
  isDeadLetterQueue,
  QueueNotFoundError,
  TopologyMismatchError,
  type QueueDeclaration,
} from "@lovage/transport";

import { checkDeclaration, readDriverOptions } from "./driver-options.ts";
import { isFifo, partsOf, sqsNameOf } from "./queue-name.ts";
import type { SqsApi } from "../sqs-api.ts";

/** A queue of SQS. */
export interface KnownQueue {
  /** As it is called here. */
  readonly queue: string;
  readonly sqsName: string;
  readonly url: string;
  readonly isFifo: boolean;
  /** Largest message that it takes, and those that hold its dead letters and delays, as SQS counts it: text and attributes. */
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
  /** @default nothing is told */
  readonly log?: Log;
}

type Attributes = Readonly<Partial<Record<string, string>>>;

interface FoundQueue {
  readonly known: KnownQueue;
  readonly attributes: Attributes;
}

/** 14 days: the longest that SQS keeps a message. */
const maxRetentionSeconds = 1_209_600;
/** Kombu's own; it counts for Python's workers only, since every receive of ours says how long. */
const celeryVisibilitySeconds = 1_800;
/** Releases in a FIFO queue count too, so it must be high. */
const backstopReceives = 100;
/** How often a new queue is looked for: some five seconds in all. */
const createdLooks = 8;

/** The queues of SQS by our names: looked up once, and created where that is allowed. */
export class QueueDirectory {
  readonly #options: DirectoryOptions;
  readonly #known = new Map<string, KnownQueue>();
  /** What was declared of a queue, and SQS does not know. */
  readonly #declared = new Map<string, Pick<KnownQueue, "group" | "isShared">>();
  /** Which name of ours took a name in SQS: two must not share one unawares. */
  readonly #owners = new Map<string, string>();
  /** As part of which queue a name in SQS was declared. */
  readonly #declarers = new Map<string, string>();

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
    this.#drop(queue);
    return await this.require(queue);
  }

  /** It was deleted. */
  forget(queue: string): void {
    this.#drop(queue);
    this.#declared.delete(queue);
  }

  #drop(queue: string): void {
    const known = this.#known.get(queue);
    if (known === undefined) return;
    this.#known.delete(queue);
    this.#owners.delete(known.sqsName);
    this.#declarers.delete(known.sqsName);
  }

  /** Makes a queue exist with all that belongs to it. @throws before any I/O: NAME_INVALID, FEATURE_UNSUPPORTED, TOPOLOGY_MISMATCH */
  check(declaration: QueueDeclaration): void {
    checkDeclaration(declaration);
    const { name } = declaration;
    for (const part of partsOf(name)) {
      const sqsName = this.#sqsNameOf(part);
      const owner = this.#owners.get(sqsName) ?? part;
      if (owner !== part) throw oneInSqs([owner, part], sqsName, "dots and hyphens are the same there");
      const declarer = this.#declarers.get(sqsName) ?? name;
      if (declarer === name || isDeadLetterQueue(part)) continue;
      throw oneInSqs([declarer, name], sqsName, "a FIFO queue keeps there what it delays");
    }
  }

  /** @throws QUEUE_NOT_FOUND where queues may not be created */
  async declare(declaration: QueueDeclaration): Promise<void> {
    const { name } = declaration;
    // The dead letters first: the queue refers to them.
    for (const part of partsOf(name).toReversed()) {
      await this.#ensure(part, declaration);
      this.#declarers.set(this.#sqsNameOf(part), name);
    }
  }

  async #ensure(queue: string, declaration: QueueDeclaration): Promise<void> {
    const found = await this.#find(queue);
    if (found !== undefined && !this.#known.has(queue)) this.#compareRetention(queue, declaration, found.attributes);
    const { known } = found ?? (await this.#create(queue, declaration));
    const isShared = queue === declaration.name && (declaration.consumers ?? "lovage") !== "lovage";
    this.#declared.set(queue, { group: readDriverOptions(declaration).group, isShared });
    this.#remember(known);
  }

  #remember(known: KnownQueue): void {
    const maxBytes = Math.min(known.maxBytes, this.#maxBytesBeside(known.queue));
    this.#known.set(known.queue, { ...known, maxBytes, ...this.#declared.get(known.queue) });
    this.#owners.set(known.sqsName, known.queue);
  }

  /** What it takes, and its dead letters do not, could only be tried again and again. */
  #maxBytesBeside(queue: string): number {
    const others = partsOf(queue).filter((part) => part !== queue);
    return Math.min(...others.map((part) => this.#known.get(part)?.maxBytes ?? Infinity));
  }

  /** Dead letters that end sooner than declared end without a word: SQS' own default is 4 days. What is there already is its operator's to change. */
  #compareRetention(queue: string, declaration: QueueDeclaration, attributes: Attributes): void {
    if (!isDeadLetterQueue(queue)) return;
    const isSeconds = Number(attributes["MessageRetentionPeriod"] ?? Number.NaN);
    const declaredSeconds = retentionSeconds(declaration);
    if (Number.isNaN(isSeconds) || isSeconds === declaredSeconds) return;
    this.#options.log?.warn(
      `Dead letters of queue "${declaration.name}" are kept for ${isSeconds} s, as their queue in SQS says, not for ${declaredSeconds} s, as deadLetterRetentionMs says: set its MessageRetentionPeriod.`,
      { code: "dead-letter-retention" },
    );
  }

  async #lookUp(queue: string): Promise<KnownQueue | undefined> {
    const found = await this.#find(queue);
    if (found !== undefined) this.#remember(found.known);
    return this.#known.get(queue);
  }

  async #find(queue: string): Promise<FoundQueue | undefined> {
    const url = await this.#urlOf(queue);
    return url === undefined ? undefined : await this.#at(queue, url);
  }

  async #at(queue: string, url: string): Promise<FoundQueue | undefined> {
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
    return { known, attributes };
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

  async #attributesOf(queue: string, url: string): Promise<Attributes | undefined> {
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

  /** For some seconds SQS may not know everywhere what it has just made. @throws QUEUE_NOT_FOUND */
  async #create(queue: string, declaration: QueueDeclaration): Promise<FoundQueue> {
    const url = await this.#make(queue, declaration);
    for (let attempt = 0; attempt < createdLooks; attempt += 1) {
      const found = await this.#at(queue, url);
      if (found !== undefined) return found;
      await this.#options.api.pause(attempt);
    }
    throw new QueueNotFoundError(queue);
  }

  /** @returns its URL */
  async #make(queue: string, declaration: QueueDeclaration): Promise<string> {
    const { api, creates } = this.#options;
    const sqsName = this.#sqsNameOf(queue);
    if (!creates) {
      throw new TopologyMismatchError(
        // SQS gives one answer to both: "The specified queue does not exist or you do not have access to it".
        `There is no queue "${sqsName}" in SQS for queue "${queue}", or none that these credentials may use, and this connection creates none. Create it (docs/sqs.md shows how), check its policy, the account and the region, or set createQueues: true.`,
        { queue },
      );
    }
    const command = new CreateQueueCommand({
      QueueName: sqsName,
      Attributes: await this.#newAttributes(queue, declaration),
    });
    return (await api.call((client, options) => client.send(command, options), { queue })).QueueUrl ?? "";
  }

  async #newAttributes(queue: string, declaration: QueueDeclaration): Promise<Record<string, string>> {
    const isDead = isDeadLetterQueue(queue);
    const common = {
      VisibilityTimeout: String(celeryVisibilitySeconds),
      MessageRetentionPeriod: String(isDead ? retentionSeconds(declaration) : maxRetentionSeconds),
    };
    if (isFifo(queue)) return { ...common, FifoQueue: "true" };
    if (isDead || queue !== declaration.name) return common;
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

/** Of dead letters, as SQS can keep them. */
function retentionSeconds({ deadLetterRetentionMs = Infinity }: QueueDeclaration): number {
  return Math.min(maxRetentionSeconds, Math.floor(deadLetterRetentionMs / 1_000));
}

function oneInSqs([one, other]: readonly [string, string], sqsName: string, why: string): Error {
  return new TopologyMismatchError(
    `Queues "${one}" and "${other}" would be one queue in SQS, "${sqsName}": ${why}. Rename one of them.`,
    { queue: other },
  );
}

function kindMismatch({ queue, url, isFifo: is }: KnownQueue): Error {
  return new TopologyMismatchError(
    `Queue "${queue}" is ${url} in SQS, which is a ${is ? "FIFO" : "standard"} queue: names of FIFO queues end in ".fifo", others do not.`,
    { queue },
  );
}
