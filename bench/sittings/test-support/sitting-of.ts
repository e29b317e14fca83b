import type { Figures } from "../../figures/figures.ts";
import type { Store } from "../../peers/store.ts";
import { readEnvironment } from "../environment.ts";
import type { Sitting } from "../sitting.ts";

/** A sitting of `drain-1` on Redis, but for what is said of it, with the figures of each peer, run by run. */
export function sittingOf(
  runs: Readonly<Record<string, readonly Figures[]>>,
  said: Partial<Omit<Sitting, "results">> = {},
): Sitting {
  const name = said.case ?? "drain-1";
  const store: Store = said.store ?? "redis";
  return {
    startedAt: "2026-01-02T03:04:05.006Z",
    commit: "abc",
    load: 0.25,
    environment: readEnvironment(),
    case: name,
    store,
    server: {
      service: "redis",
      version: "Redis 7.0.15",
      durability: "an append-only file that is synced every second",
    },
    versions: { bullmq: "6.7.0" },
    loads: [1.5, 2],
    results: Object.entries(runs).map(([peer, ofPeer]) => {
      return { case: name, peer, store, isLimit: peer.startsWith("raw"), runs: ofPeer };
    }),
    failed: {},
    ...said,
  };
}
