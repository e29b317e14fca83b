import type { Capabilities } from "@lovage/transport";

/** What Redis can do; some facts depend on the server. */
export function redisCapabilities(facts: {
  readonly durability: Capabilities["durability"];
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
    transactions: null,
    broadcast: true,
    browse: "all",
    countsLosses: true,
    maxMessageBytes: facts.maxMessageBytes,
  });
}
