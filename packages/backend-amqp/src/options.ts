import { amqpOptionNames, amqpOptions } from "@lovage/client-amqp";
import type { AmqpOptions, ParsedAmqpOptions } from "@lovage/client-amqp";
import { durationOption, optionsSchema, wholeNumberOption } from "@lovage/foundation";
import type { Duration, OptionsSchema } from "@lovage/foundation";

/** Options of the rpc backend, beside the URL; all but `tls` may stand in its query. */
export interface RpcBackendOptions extends AmqpOptions {
  /**
   * Largest result document, in bytes. RabbitMQ 4 takes no more than 16 MiB unless `max_message_size` is raised.
   * @default 16 MiB
   */
  readonly maxDocumentBytes?: number | undefined;
  /** Memory for results that have come and were not forgotten yet, in bytes; the oldest go first. @default 64 MiB */
  readonly maxKeptBytes?: number | undefined;
  /**
   * How long the server keeps the queue for replies, with what is in it, while this process is away. What ends without closing its app leaves
   * the queue behind for so long.
   * @default "1h"
   */
  readonly replyQueueExpires?: Duration | undefined;
  /** How long results are kept that do not say so themselves: those of Celery's workers. @default "1d" */
  readonly resultExpires?: Duration | undefined;
}

/** {@link RpcBackendOptions}, checked: durations in ms. */
export interface ParsedRpcOptions extends ParsedAmqpOptions {
  readonly maxDocumentBytes?: number | undefined;
  readonly maxKeptBytes?: number | undefined;
  /** In ms. */
  readonly replyQueueExpires?: number | undefined;
  /** In ms. */
  readonly resultExpires?: number | undefined;
}

const bytes = wholeNumberOption({ min: 1 });

/** Checks the options; refuses unknown ones. Texts, as they come from a URL's query, are read too. */
export const rpcOptions: OptionsSchema<RpcBackendOptions, ParsedRpcOptions> = optionsSchema<
  RpcBackendOptions,
  ParsedRpcOptions
>({
  ...amqpOptions,
  maxDocumentBytes: bytes,
  maxKeptBytes: bytes,
  // The server counts in 32 bits.
  replyQueueExpires: durationOption("replyQueueExpires", { min: 1_000, max: 4_000_000_000 }),
  resultExpires: durationOption("resultExpires", { min: 1_000, max: 315_360_000_000 }),
});

/** Names that may stand in the query of a URL. */
export const optionNames: readonly string[] = [
  "maxDocumentBytes",
  "maxKeptBytes",
  "replyQueueExpires",
  "resultExpires",
  ...amqpOptionNames,
];
