import type { Capabilities } from "@lovage/transport";

/** What PostgreSQL can do; some facts depend on the server and on the way to it. */
export function postgresCapabilities(facts: {
  readonly durability: Capabilities["durability"];
  readonly broadcast: boolean;
  readonly maxMessageBytes: number;
}): Capabilities {
  return Object.freeze<Capabilities>({
    reach: "network",
    durability: facts.durability,
    fencing: "token",
    recovery: "lease",
    order: "queue",
    priorities: true,
    fairness: true,
    delayHorizonMs: Number.POSITIVE_INFINITY,
    exchanges: "stored",
    atomicHandOver: true,
    atomicPublish: true,
    transactions: "a client of pg with an open transaction on the same database, or an object with query(text, values)",
    broadcast: facts.broadcast,
    browse: "all",
    countsLosses: true,
    maxMessageBytes: facts.maxMessageBytes,
  });
}
