import type { Synchronous } from "@lovage/client-sqlite";
import type { Capabilities } from "@lovage/transport";

/** What SQLite can do; two facts depend on options. */
export function sqliteCapabilities(options: {
  readonly synchronous: Synchronous;
  readonly maxMessageBytes: number;
}): Capabilities {
  return Object.freeze<Capabilities>({
    reach: "machine",
    durability: options.synchronous === "normal" ? "process" : "power",
    fencing: "token",
    recovery: "lease",
    order: "queue",
    priorities: true,
    fairness: true,
    delayHorizonMs: Number.POSITIVE_INFINITY,
    exchanges: "stored",
    atomicHandOver: true,
    atomicPublish: true,
    transactions: "a DatabaseSync of node:sqlite with an open transaction on the same file",
    broadcast: true,
    browse: "all",
    countsLosses: true,
    maxMessageBytes: options.maxMessageBytes,
  });
}
