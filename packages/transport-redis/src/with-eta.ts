import type { Message } from "@lovage/transport";

/** Furthest instant that Celery can read: the end of the year 9999. */
const furthestMs = 253_402_300_799_000;

/** The message with the header by which Celery's workers wait. Six digits of a second, as Celery 5.2 needs them. */
export function withEta<T extends Message>(message: T, atMs: number): T {
  const text = new Date(Math.min(furthestMs, Math.round(atMs))).toISOString();
  return { ...message, headers: { ...message.headers, eta: text.replace("Z", "000+00:00") } };
}
