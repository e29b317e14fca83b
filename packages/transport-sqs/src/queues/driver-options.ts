import {
  OptionError,
  optionsSchema,
  readOptions,
  textOption,
  validateOptions,
  type OptionsSchema,
} from "@lovage/foundation";
import { FeatureUnsupportedError, type QueueDeclaration } from "@lovage/transport";

import { isFifo } from "./queue-name.ts";

/** What a queue of SQS may be declared with (`driver` of its declaration). */
export interface SqsQueueOptions {
  /** FIFO only: the group of messages without a key, which are then delivered one after the other. @default each is a group of its own */
  readonly group?: string | undefined;
}

const schema: OptionsSchema<SqsQueueOptions> = optionsSchema<SqsQueueOptions>({
  group: textOption(/^[!-~]{1,128}$/, "at most 128 characters of ASCII without spaces"),
});

/** SQS keeps messages for at least a minute. */
const minRetentionMs = 60_000;

/** The checked driver options of a queue. */
export function readDriverOptions({ name, driver = {} }: QueueDeclaration): SqsQueueOptions {
  return readOptions(schema, driver, `Queue "${name}"`);
}

/** @throws FEATURE_UNSUPPORTED, OPTION_INVALID for what SQS cannot do */
export function checkDeclaration({ name, driver = {}, deadLetterRetentionMs = Infinity }: QueueDeclaration): void {
  const checked = validateOptions(schema, driver);
  if (checked.issues !== undefined) {
    throw new FeatureUnsupportedError(
      `Queue "${name}" has driver options that SQS does not know: ${Object.keys(driver).join(", ")}. It knows "group", a text of at most 128 characters.`,
    );
  }
  if (checked.value.group !== undefined && !isFifo(name)) {
    throw new FeatureUnsupportedError(
      `Queue "${name}" has a group, which only FIFO queues have (names that end in ".fifo").`,
    );
  }
  if (deadLetterRetentionMs >= minRetentionMs) return;
  throw new OptionError(
    `deadLetterRetentionMs of queue "${name}" must be at least ${minRetentionMs} on SQS, got ${deadLetterRetentionMs}.`,
    { field: "deadLetterRetentionMs" },
  );
}
