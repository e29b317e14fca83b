import type { Headers, HeaderValue, Message, OutgoingMessage } from "@lovage/transport";

/** All headers of ours begin like this; tasks do not see them. */
const prefix = "x-lovage-";

/** When (Unix ms) a worker first did not know the task; handed on with the message, so that all workers count from the same instant. */
export const unknownSinceMark = "x-lovage-unknown-since";

/** The instant (Unix ms) of the turn that a rate limit gave to the message, so that no second turn is taken for it. */
export const turnMark = "x-lovage-turn";

/** When (Unix ms) a worker that stopped gave the message back in the midst of its run: its call was started in time, and does not expire any more. */
export const startedMark = "x-lovage-started";

/** The number in a mark; `undefined` when the message has none. */
export function readMark(message: Message, mark: string): number | undefined {
  const value = message.headers[mark];
  return typeof value === "number" && Number.isFinite(value) ? value : undefined;
}

/** The message again, with marks, for the same queue after a while. */
export function markedCopy(
  message: Message,
  {
    queue,
    delayMs,
    marks,
  }: { readonly queue: string; readonly delayMs: number; readonly marks: Readonly<Record<string, number>> },
): OutgoingMessage {
  return { ...message, headers: { ...message.headers, ...marks }, to: queue, notBefore: { inMs: delayMs } };
}

/** The message without marks: a new run asks anew. */
export function withoutMarks<M extends Message>(message: M): M {
  return hasMarks(message.headers) ? { ...message, headers: unmarked(message.headers) } : message;
}

/** Headers as a task sees them. */
export function unmarked(headers: Headers): Headers {
  if (!hasMarks(headers)) return headers;
  // Entries become own properties, `__proto__` too.
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !name.startsWith(prefix))) as Record<
    string,
    HeaderValue
  >;
}

function hasMarks(headers: Headers): boolean {
  for (const name in headers) if (name.startsWith(prefix)) return true;
  return false;
}
