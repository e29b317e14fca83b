import type { OutgoingMessage } from "@lovage/transport";

/** The message with another delay, if it has one that counts from its acceptance. */
export function delayedBy(message: OutgoingMessage, change: (ms: number) => number): OutgoingMessage {
  const { notBefore } = message;
  return notBefore === undefined || !("inMs" in notBefore)
    ? message
    : { ...message, notBefore: { inMs: change(notBefore.inMs) } };
}
