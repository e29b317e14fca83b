import type { RoutedMessage, Settlement } from "@lovage/lease-engine";
import { deadLetterQueueOf, withDeath } from "@lovage/transport";

/** What a rejection writes into the dead-letter queue. */
export function deadLetterOf(
  queue: string,
  { message, reason, count }: Extract<Settlement, { readonly kind: "reject" }>,
  nowMs: number,
): RoutedMessage {
  const dead = withDeath(message, { ...reason, queue, count, atMs: Math.round(nowMs) });
  return { ...dead, to: deadLetterQueueOf(queue) };
}
