import { numberArray, type PostgresValue } from "@lovage/client-postgres";
import { encodeFrame, isPlainMessage, type RoutedMessage } from "@lovage/lease-engine";

import { delayOf, instantOf } from "./message-fields.ts";

/**
 * Messages as the functions of the schema take them (`batchParameters`): a list for each column, the frames as one piece. Lists of nothing but defaults
 * are left out.
 */
export function messageBatch(messages: readonly RoutedMessage[]): readonly PostgresValue[] {
  const names = [...queuesOf(messages)];
  const numbers = new Map(names.map((name, index) => [name, index + 1]));
  const frames = framesOf(messages);
  const priorities = column(messages, ({ properties }) => properties.priority);
  const delays = column(messages, delayOf);
  const instants = column(messages, instantOf);
  return [
    names,
    numberArray(messages.map(({ to }) => numbers.get(to) ?? null)),
    ...frames,
    priorities && numberArray(priorities),
    column(messages, ({ properties }) => properties.key),
    delays && numberArray(delays),
    instants && numberArray(instants),
  ];
}

/**
 * Messages of one queue that have nothing but defaults, as the function of the schema takes them that inserts such; `undefined` for others. Most
 * batches are such.
 */
export function plainBatch(messages: readonly RoutedMessage[]): readonly PostgresValue[] | undefined {
  const queue = messages[0]?.to;
  if (queue === undefined || !messages.every((message) => message.to === queue && isPlainMessage(message)))
    return undefined;
  return [queue, ...framesOf(messages)];
}

/** SQL for the parameters of {@link plainBatch}. */
export const plainPlaceholders = "$1, $2::int[], $3::int[], $4::bytea";

/** Where each frame begins, how long it is, and all of them. */
function framesOf(messages: readonly RoutedMessage[]): readonly [starts: string, lengths: string, bytes: Uint8Array] {
  const frames = messages.map((message) => encodeFrame(message));
  const lengths = frames.map(({ byteLength }) => byteLength);
  const bytes = frames.length === 1 ? Buffer.from(frames[0] ?? []) : Buffer.concat(frames);
  return [numberArray(startsOf(lengths)), numberArray(lengths), bytes];
}

/** The queues of messages, each once. */
export function queuesOf(messages: readonly RoutedMessage[]): ReadonlySet<string> {
  return new Set(messages.map(({ to }) => to));
}

/** How many values {@link messageBatch} gives. */
export const batchWidth = 9;

/** SQL for the parameters of a batch, beginning with this number. */
export function batchPlaceholders(first: number): string {
  const types = ["text[]", "int[]", "int[]", "int[]", "bytea", "int[]", "text[]", "bigint[]", "bigint[]"];
  return types.map((type, index) => `$${first + index}::${type}`).join(", ");
}

/** Where in the frames each one begins; SQL counts from 1. */
function startsOf(lengths: readonly number[]): number[] {
  let start = 1;
  return lengths.map((length) => {
    const here = start;
    start += length;
    return here;
  });
}

/** `null` when no message has it, as with nearly all of them. */
function column<T>(
  messages: readonly RoutedMessage[],
  read: (message: RoutedMessage) => T | undefined,
): (T | null)[] | null {
  if (!messages.some((message) => read(message) !== undefined)) return null;
  return messages.map((message) => read(message) ?? null);
}
