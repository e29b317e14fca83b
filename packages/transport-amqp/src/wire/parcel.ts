import type { ExchangeAddress, Message, OutgoingMessage } from "@lovage/transport";

import { noMarks, type Marks } from "./message-codec.ts";

/** A message with its past, and where it goes. */
export interface Parcel {
  readonly message: Message;
  readonly to: string | ExchangeAddress;
  readonly marks: Marks;
  readonly delayMs: number;
  /** A queue that is gone stays gone. @default it is made again, once */
  readonly isForGood?: boolean;
}

/** Of a message that takes the place of a delivered one. */
export interface Past {
  readonly marks: Marks;
  /** Where the delivered one lay, and it goes unless it has to wait. */
  readonly source: string;
}

/**
 * Messages as they are published at an instant.
 * @param pastOf Tells which of them are not new.
 */
export function parcelsOf(
  batch: readonly OutgoingMessage[],
  nowMs: number,
  pastOf: (message: OutgoingMessage) => Past | undefined = () => undefined,
): readonly Parcel[] {
  return batch.map((message) => {
    const delayMs = delayOf(message, nowMs);
    const { marks = noMarks, source = message.to } = pastOf(message) ?? {};
    return { message, to: delayMs > 0 ? message.to : source, marks, delayMs };
  });
}

function delayOf({ notBefore }: OutgoingMessage, nowMs: number): number {
  if (notBefore === undefined) return 0;
  const delayMs = "inMs" in notBefore ? notBefore.inMs : notBefore.atMs - nowMs;
  return Math.min(Math.max(0, delayMs), Number.MAX_SAFE_INTEGER);
}
