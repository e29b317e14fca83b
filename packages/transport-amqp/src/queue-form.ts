import type { Options } from "@lovage/client-amqp";
import { OptionError, validateOptions } from "@lovage/foundation";
import type { QueueCapabilities, QueueDeclaration } from "@lovage/transport";
import { FeatureUnsupportedError, isDeadLetterQueue } from "@lovage/transport";

import { queueOptions, type ParsedQueueOptions, type QueueType } from "./options.ts";

/** How a queue is made in the broker. */
export interface QueueForm {
  readonly name: string;
  readonly type: QueueType;
  /** Celery's workers read it, alone or beside ours. */
  readonly isReadByCelery: boolean;
  readonly maxPriority: number | undefined;
  readonly deadLetterRetentionMs: number;
  /** How long the server lets a consumer hold a message. */
  readonly consumerTimeoutMs: number;
}

/** Of the server, unless it is told otherwise. */
const defaultConsumerTimeoutMs = 1_800_000;

const dayMs = 86_400_000;
/** More than a copy takes to the consumer that waits for it, and as long as a crash right after that may keep it back. */
const holdingTtlMs = 5_000;
/** More than anybody looks at a message: RabbitMQ 4 drops from a quorum queue what came back 20 times, unless told otherwise. */
const noDeliveryLimit = 1_000_000_000;

/**
 * The form that a declaration asks for.
 * @param defaults Those of the connection.
 * @throws OPTION_INVALID, FEATURE_UNSUPPORTED
 */
export function queueForm(
  declaration: QueueDeclaration,
  defaults: Required<Pick<ParsedQueueOptions, "queueType">> & ParsedQueueOptions,
): QueueForm {
  const { name, consumers = "lovage", fairness, priorities, deadLetterRetentionMs = 14 * dayMs, driver } = declaration;
  const own = ownOptions(name, driver);
  const type = own.queueType ?? defaults.queueType ?? "quorum";
  const maxPriority = own.maxPriority ?? defaults.maxPriority;
  const consumerTimeoutMs = firstTimeout(own, defaults);
  if (fairness === true) {
    throw new FeatureUnsupportedError(`Queue "${name}" asks for fairness, which RabbitMQ does not have.`);
  }
  const hasPriorities = type === "classic" && maxPriority !== undefined && priorities !== false;
  if (priorities === true && !hasPriorities) {
    throw new FeatureUnsupportedError(
      `Queue "${name}" asks for priorities, which quorum queues do not have, and classic ones with maxPriority: declare it with { driver: { queueType: "classic", maxPriority: 10 } }.`,
    );
  }
  checkRetention(name, deadLetterRetentionMs);
  return {
    name,
    type,
    isReadByCelery: consumers !== "lovage",
    maxPriority: hasPriorities ? maxPriority : undefined,
    deadLetterRetentionMs,
    consumerTimeoutMs,
  };
}

function checkRetention(name: string, ms: number): void {
  if (ms > 0) return;
  throw new OptionError(`deadLetterRetentionMs of queue "${name}" must be more than 0, got ${String(ms)}.`, {
    field: "deadLetterRetentionMs",
  });
}

function firstTimeout(own: ParsedQueueOptions, defaults: ParsedQueueOptions): number {
  return own.consumerTimeout ?? defaults.consumerTimeout ?? defaultConsumerTimeoutMs;
}

function ownOptions(name: string, driver: QueueDeclaration["driver"]): ParsedQueueOptions {
  const checked = validateOptions(queueOptions, driver ?? {});
  if (checked.issues === undefined) return checked.value;
  throw new OptionError(`The driver options of queue "${name}" cannot be used: ${checked.issues.join("; ")}.`, {
    field: "driver",
  });
}

/** Arguments of the queue itself: those of Celery, so that both declare the same. */
export function mainArguments({ type, maxPriority }: QueueForm): Options.AssertQueue {
  if (type === "quorum") return { durable: true, arguments: { "x-queue-type": "quorum" } };
  // Without the type, as Celery declares it.
  return maxPriority === undefined
    ? { durable: true }
    : { durable: true, arguments: { "x-max-priority": maxPriority } };
}

/** Arguments of the dead-letter queue. */
export function deadArguments({ type, deadLetterRetentionMs }: QueueForm): Options.AssertQueue {
  const kept = { "x-message-ttl": deadLetterRetentionMs };
  return type === "quorum"
    ? { durable: true, arguments: { ...kept, "x-queue-type": "quorum", "x-delivery-limit": noDeliveryLimit } }
    : { durable: true, arguments: kept };
}

/** Arguments of the queue for suspects. */
export function suspectsArguments({ type }: Pick<QueueForm, "type">): Options.AssertQueue {
  return type === "quorum"
    ? { durable: true, arguments: { "x-queue-type": "quorum", "x-delivery-limit": noDeliveryLimit } }
    : { durable: true };
}

/** Where messages of a queue wait that were lost so often that one more time is the last. */
export function suspectsQueueOf(queue: string): string {
  return `${queue}.suspects`;
}

/** Where copies of what is held for long lie, in the hands of who holds them; `id` is its own, a UUID. */
export function holdingQueueOf(queue: string, id: string): string {
  return `${queue}.held.${id}`;
}

/** Whether it is one for copies of what is held. */
export function isHoldingQueue(name: string): boolean {
  return /\.held\.[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/.test(name);
}

/** What a holding queue is told that has lost its consumer: give all back to the queue that it came from. */
export function holdingArguments(queue: string): Options.AssertQueue {
  return {
    durable: true,
    arguments: {
      "x-queue-type": "quorum",
      // Counted from the publication: what is in somebody's hands meanwhile, and comes back later, is passed on at once.
      "x-message-ttl": holdingTtlMs,
      "x-dead-letter-exchange": "",
      "x-dead-letter-routing-key": queue,
      "x-dead-letter-strategy": "at-least-once",
      // What that strategy asks for; there is no limit of length.
      "x-overflow": "reject-publish",
      // Nobody comes back to it.
      "x-expires": dayMs,
    },
  };
}

/** Whether a queue is one that was made beside another. */
export function isBesideQueue(queue: string): boolean {
  return isDeadLetterQueue(queue) || queue.endsWith(".suspects");
}

/** What differs from queue to queue. */
export function formCapabilities({
  type,
  maxPriority,
}: QueueForm): Pick<QueueCapabilities, "durability" | "priorities"> {
  return { durability: type === "quorum" ? "node" : "power", priorities: maxPriority !== undefined };
}
