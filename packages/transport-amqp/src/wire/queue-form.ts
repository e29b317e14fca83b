import type { Options } from "@lovage/client-amqp";
import { OptionError, validateOptions } from "@lovage/foundation";
import type { QueueCapabilities, QueueDeclaration } from "@lovage/transport";
import { FeatureUnsupportedError, isDeadLetterQueue } from "@lovage/transport";

import { limitsDeliveries } from "./delivery-limit.ts";
import { queueOptions, type ParsedQueueOptions, type QueueType } from "../options.ts";

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
/** Ten years: RabbitMQ refuses more. */
const longestTtlMs = 3_650 * dayMs;
/** More than a copy takes to the consumer that waits for it, and as long as a crash right after that may keep it back. */
const holdingTtlMs = 5_000;
/** More often than a message comes back, or is looked at: RabbitMQ 4 drops from a quorum queue what came back 20 times, unless told otherwise. */
const noDeliveryLimit = 1_000_000_000;
const unlimitedQuorum = { "x-queue-type": "quorum", "x-delivery-limit": noDeliveryLimit } as const;

/**
 * The form that a declaration asks for.
 * @param defaults Those of the connection.
 * @throws OPTION_INVALID, FEATURE_UNSUPPORTED
 */
export function queueForm(declaration: QueueDeclaration, defaults: ParsedQueueOptions): QueueForm {
  const { name, consumers = "lovage", fairness, priorities, deadLetterRetentionMs = 14 * dayMs, driver } = declaration;
  const own = ownOptions(name, driver);
  const isReadByCelery = consumers !== "lovage";
  const type = own.queueType ?? defaults.queueType ?? typeFor(isReadByCelery);
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
    isReadByCelery,
    maxPriority: hasPriorities ? maxPriority : undefined,
    deadLetterRetentionMs,
    consumerTimeoutMs,
  };
}

/** What Celery reads is classic where nobody says otherwise: who declares a queue second has to declare the same (wire format, 4.1). */
function typeFor(isReadByCelery: boolean): QueueType {
  return isReadByCelery ? "classic" : "quorum";
}

function checkRetention(name: string, ms: number): void {
  if (ms === Infinity || (Number.isInteger(ms) && ms >= 1 && ms <= longestTtlMs)) return;
  throw new OptionError(
    `deadLetterRetentionMs of queue "${name}" must be a whole number from 1 to ${longestTtlMs}, or Infinity, got ${String(ms)}.`,
    { field: "deadLetterRetentionMs" },
  );
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

/** Arguments of a queue: those that it is made with, and behind them those that are taken where it exists with them. */
export type QueueForms = readonly [Options.AssertQueue, ...Options.AssertQueue[]];

/**
 * Of the queue itself. One that Celery reads is made as Celery makes it, so that both declare the same. Where the server has a limit of deliveries, a quorum queue of
 * ours has none: RabbitMQ 4 would drop what came back 20 times, and after a crash of its node gives what one consumer held to all others in turn, which are gone as well.
 * What was made without, on an earlier server or by a sender of Celery's, is used as it is.
 */
export function mainForms({ type, isReadByCelery, maxPriority }: QueueForm, serverVersion: string): QueueForms {
  if (type === "classic") {
    // Without the type, as Celery declares it.
    return [maxPriority === undefined ? { durable: true } : withArguments({ "x-max-priority": maxPriority })];
  }
  const [limited, unlimited] = [withArguments({ "x-queue-type": "quorum" }), withArguments(unlimitedQuorum)];
  return isReadByCelery || !limitsDeliveries(serverVersion) ? [limited, unlimited] : [unlimited, limited];
}

/** Of the dead-letter queue. */
export function deadForms({ type, deadLetterRetentionMs }: Omit<QueueForm, "name">): QueueForms {
  return besideForms(type, deadLetterRetentionMs === Infinity ? {} : { "x-message-ttl": deadLetterRetentionMs });
}

/** Of the queues for suspects. */
export function suspectsForms({ type }: Pick<QueueForm, "type">): QueueForms {
  return besideForms(type, {});
}

/** With its type, since nobody else declares it: without, a vhost may have another one for it. Earlier releases left out that of a classic one. */
function besideForms(type: QueueType, more: Readonly<Record<string, unknown>>): QueueForms {
  if (type === "quorum") return [withArguments({ ...more, ...unlimitedQuorum })];
  return [withArguments({ ...more, "x-queue-type": "classic" }), withArguments(more)];
}

function withArguments(more: Readonly<Record<string, unknown>>): Options.AssertQueue {
  return { durable: true, arguments: more };
}

/** Whether the broker drops from a queue that was made so what came back too often, where no policy says otherwise. */
export function isLimited({ arguments: args }: Options.AssertQueue): boolean {
  const given = (args ?? {}) as Readonly<Record<string, unknown>>;
  return given["x-queue-type"] === "quorum" && given["x-delivery-limit"] === undefined;
}

/** Where messages of a queue wait that were lost so often that one more time is the last. */
export function suspectsQueueOf(queue: string): string {
  return `${queue}.suspects`;
}

/** Where one of them waits that was taken to be run alone: on a classic queue, whose own word for a loss is a flag that a crash of its node sets on all that wait. */
export function aloneQueueOf(queue: string): string {
  return `${suspectsQueueOf(queue)}.alone`;
}

/** All queues in which messages of a queue are apart from the others. */
export function apartQueuesOf({ name, type }: Pick<QueueForm, "name" | "type">): readonly string[] {
  return type === "quorum" ? [suspectsQueueOf(name)] : [suspectsQueueOf(name), aloneQueueOf(name)];
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

/** Whether a queue is one for the suspects of another. */
export function isSuspectsQueue(queue: string): boolean {
  return queue.endsWith(".suspects");
}

/** Whether a queue is one for the suspects of another that were taken to be run alone. */
export function isAloneQueue(queue: string): boolean {
  return queue.endsWith(".suspects.alone");
}

/** Whether a queue is one that was made beside another. */
export function isBesideQueue(queue: string): boolean {
  return isDeadLetterQueue(queue) || isSuspectsQueue(queue) || isAloneQueue(queue);
}

/** What differs from queue to queue. */
export function formCapabilities({
  type,
  maxPriority,
}: QueueForm): Pick<QueueCapabilities, "durability" | "priorities"> {
  return { durability: type === "quorum" ? "node" : "power", priorities: maxPriority !== undefined };
}
