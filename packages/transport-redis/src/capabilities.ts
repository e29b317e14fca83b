import type { Capabilities, QueueCapabilities } from "@lovage/transport";

/** What Redis can do; some facts depend on the server. */
export function redisCapabilities(facts: {
  readonly durability: Capabilities["durability"];
  readonly maxMessageBytes: number;
  readonly isCluster: boolean;
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
    atomicHandOver: !facts.isCluster,
    atomicPublish: !facts.isCluster,
    transactions: null,
    broadcast: true,
    browse: "all",
    countsLosses: true,
    maxMessageBytes: facts.maxMessageBytes,
  });
}

/** Of queues that Celery's workers read: Kombu has four steps, of which the first is the most urgent, and no keys. */
export const kombuCapabilities: Partial<QueueCapabilities> = Object.freeze({ priorities: false, fairness: false });
