import type { Clock } from "@lovage/foundation";
import { deadLetterQueueOf, withDeath } from "@lovage/transport";
import type { Connection, DeadLetterReason, Delivery, OutgoingMessage } from "@lovage/transport";
import type { Settlement } from "./task-run.ts";

/** The settlement of a delivery that was acknowledged before it ran: what would have gone with the acknowledgement is published. */
export function earlySettlement(delivery: Delivery, connection: Connection, clock: Clock): Settlement {
  const { queue, message, count } = delivery;
  const publish = async (messages: readonly OutgoingMessage[]): Promise<void> => {
    if (messages.length > 0) await connection.publish(messages);
  };
  return {
    ack: (followUps = []) => publish(followUps),
    // It is gone already, and whoever acknowledges early prefers that to a second run.
    release: () => Promise.resolve(),
    reject: (reason: DeadLetterReason, followUps: readonly OutgoingMessage[] = []) => {
      const dead = withDeath(message, { ...reason, queue, count, atMs: clock.now() });
      return publish([{ ...dead, to: deadLetterQueueOf(queue) }, ...followUps]);
    },
  };
}
