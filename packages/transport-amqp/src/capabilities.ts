import type { Capabilities } from "@lovage/transport";

import type { ParsedTransportOptions } from "./options.ts";

/** What RabbitMQ can do with the queues that a connection declares without further options. */
export function amqpCapabilities({
  queueType: type = "quorum",
  maxPriority,
  maxMessageBytes,
}: ParsedTransportOptions & { readonly maxMessageBytes: number }): Capabilities {
  return Object.freeze<Capabilities>({
    reach: "network",
    durability: type === "quorum" ? "node" : "power",
    fencing: "connection",
    recovery: "connection",
    order: "queue",
    priorities: type === "classic" && maxPriority !== undefined,
    fairness: false,
    delayHorizonMs: Infinity,
    exchanges: "native",
    atomicHandOver: false,
    atomicPublish: false,
    transactions: null,
    broadcast: true,
    browse: "head",
    countsLosses: true,
    maxMessageBytes,
  });
}
