import type { Delivery, Headers, HeaderValue, Message, OutgoingMessage } from "@lovage/transport";
import { ownHeaderPrefix } from "../../produce/own-headers.ts";

/** What the next worker is to know of a message, by the names of the headers that carry it. */
export type Marks = Readonly<Record<string, number>>;

/** When (Unix ms) a worker first did not know the task; handed on with the message, so that all workers count from the same instant. */
export const unknownSinceMark = "x-lovage-unknown-since";

/** The instant (Unix ms) of the turn that a rate limit gave to the message, so that no second turn is taken for it. */
export const turnMark = "x-lovage-turn";

/** When (Unix ms) a worker that stopped gave the message back in the midst of its run: its call was started in time, and does not expire any more. */
export const startedMark = "x-lovage-started";

/** How often in a row the transaction of the task was not committed. */
export const failedTransactionsMark = "x-lovage-failed-transactions";

/** 1 on the copy of a message that was delivered before: to the broker it is a new one. */
export const redeliveredMark = "x-lovage-redelivered";

/** Whether somebody else has had the message, and may have run it. */
export function wasSeen({ redelivered, count, message }: Delivery): boolean {
  const { headers } = message;
  return redelivered || count > 1 || redeliveredMark in headers || failedTransactionsMark in headers;
}

/** The number in a mark; `undefined` when the message has none. */
export function readMark(message: Message, mark: string): number | undefined {
  const value = message.headers[mark];
  return typeof value === "number" && Number.isFinite(value) ? value : undefined;
}

/** What a worker knows of a message. */
interface Marked {
  readonly delivery: Delivery;
  /** Those that are kept beside it. */
  readonly marks: Marks;
}

/** As {@link readMark}, also where it is kept beside the message. */
export function markOf({ marks, delivery }: Marked, mark: string): number | undefined {
  return marks[mark] ?? readMark(delivery.message, mark);
}

/** The message of a delivery again, with marks, for the same queue after a while. */
export function markedCopy(
  delivery: Delivery,
  { delayMs, marks }: { readonly delayMs: number; readonly marks: Marks },
): OutgoingMessage {
  const { message, queue } = delivery;
  const seen = wasSeen(delivery) ? { [redeliveredMark]: 1 } : {};
  return { ...message, headers: { ...message.headers, ...seen, ...marks }, to: queue, notBefore: { inMs: delayMs } };
}

/** The message without marks: a new run asks anew. */
export function withoutMarks<M extends Message>(message: M): M {
  return hasMarks(message.headers) ? { ...message, headers: unmarked(message.headers) } : message;
}

/** Headers as a task sees them. */
export function unmarked(headers: Headers): Headers {
  if (!hasMarks(headers)) return headers;
  // Entries become own properties, `__proto__` too.
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !name.startsWith(ownHeaderPrefix))) as Record<
    string,
    HeaderValue
  >;
}

function hasMarks(headers: Headers): boolean {
  for (const name in headers) if (name.startsWith(ownHeaderPrefix)) return true;
  return false;
}
