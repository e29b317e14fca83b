import { amqpOptionNames, amqpOptions } from "@lovage/client-amqp";
import type { AmqpOptions, ParsedAmqpOptions } from "@lovage/client-amqp";
import { choiceOption, durationOption, optionsSchema, wholeNumberOption } from "@lovage/foundation";
import type { Duration, OptionsSchema } from "@lovage/foundation";

/** The two kinds of queues that hold tasks. */
export type QueueType = "quorum" | "classic";

/** Options of the RabbitMQ transport, beside the URL; most may stand in its query. */
export interface AmqpTransportOptions extends AmqpOptions {
  /** Kind of the queues that are declared without saying so themselves. @default "quorum"; "classic" for those that Celery reads, as Celery has it */
  readonly queueType?: QueueType | undefined;
  /**
   * Priorities on classic queues: `x-max-priority` of those that are declared. Every program must declare the same, Celery's too
   * (`task_queue_max_priority`). 9 or more, since priorities go from 0 to 9. @default none
   */
  readonly maxPriority?: number | undefined;
  /** Largest message, headers and body together, in bytes. @default 262_144 */
  readonly maxMessageBytes?: number | undefined;
  /**
   * `consumer_timeout` of the server, after which it takes a message back. What is held for longer than five to six eighths of it is renewed. Give it where the
   * server's is shorter than its default; from RabbitMQ 4.3 on, consumers of quorum queues ask for this one.
   * @default "30m", the server's own
   */
  readonly consumerTimeout?: Duration | undefined;
  /** How often messages that were lost twice are looked for, which are kept apart. @default "5s" */
  readonly sweep?: Duration | undefined;
}

/** {@link AmqpTransportOptions}, checked: durations in ms. */
export interface ParsedTransportOptions extends ParsedAmqpOptions {
  readonly queueType?: QueueType | undefined;
  readonly maxPriority?: number | undefined;
  readonly maxMessageBytes?: number | undefined;
  /** In ms. */
  readonly consumerTimeout?: number | undefined;
  /** In ms. */
  readonly sweep?: number | undefined;
}

const queueType = choiceOption(["quorum", "classic"]);
// One byte on the wire; each level costs the server memory.
const maxPriority = wholeNumberOption({ min: 9, max: 255 });
const consumerTimeout = durationOption("consumerTimeout", { min: 1_000, max: 315_360_000_000 });

/** Checks the options; refuses unknown ones. Texts, as they come from a URL's query, are read too. */
export const transportOptions: OptionsSchema<AmqpTransportOptions, ParsedTransportOptions> = optionsSchema<
  AmqpTransportOptions,
  ParsedTransportOptions
>({
  ...amqpOptions,
  queueType,
  maxPriority,
  maxMessageBytes: wholeNumberOption({ min: 1_024 }),
  consumerTimeout,
  sweep: durationOption("sweep", { min: 10, max: 3_600_000 }),
});

/** Names that may stand in the query of a URL. */
export const optionNames: readonly string[] = [
  "queueType",
  "maxPriority",
  "maxMessageBytes",
  "consumerTimeout",
  "sweep",
  ...amqpOptionNames,
];

/** What `QueueDeclaration.driver` may hold for RabbitMQ. */
export interface AmqpQueueOptions {
  /** @default that of the connection */
  readonly queueType?: QueueType | undefined;
  /** @default that of the connection */
  readonly maxPriority?: number | undefined;
  /** What the policy `consumer-timeout` says for the queue (RabbitMQ 3.12 or newer). @default that of the connection */
  readonly consumerTimeout?: Duration | undefined;
}

/** {@link AmqpQueueOptions}, checked: durations in ms. */
export interface ParsedQueueOptions {
  readonly queueType?: QueueType | undefined;
  readonly maxPriority?: number | undefined;
  /** In ms. */
  readonly consumerTimeout?: number | undefined;
}

/** Checks {@link AmqpQueueOptions}. */
export const queueOptions: OptionsSchema<AmqpQueueOptions, ParsedQueueOptions> = optionsSchema<
  AmqpQueueOptions,
  ParsedQueueOptions
>({
  queueType,
  maxPriority,
  consumerTimeout,
});
