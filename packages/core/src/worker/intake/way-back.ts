import type { Connection } from "@lovage/transport";

/**
 * Where a message is that was given back without a delay.
 *
 * | way | where | who |
 * |---|---|---|
 * | `place` | at its old place, as if it had not been delivered | stores of leases |
 * | `counted` | at its old place, and counted as it would be if it had been lost | FIFO queues of SQS |
 * | `end` | at the end of its queue, as a copy | RabbitMQ, standard queues of SQS |
 */
export type WayBack = "place" | "counted" | "end";

/** The way back of a queue's messages. */
export function wayBackOf(connection: Pick<Connection, "capabilities" | "capabilitiesOf">, queue: string): WayBack {
  const { order, countsReleases } = connection.capabilitiesOf(queue);
  if (countsReleases === true) return "counted";
  return connection.capabilities.recovery === "lease" && order === "queue" ? "place" : "end";
}
