import { lovage, raw } from "./peer-card.ts";
import type { Peer } from "../peer.ts";

/** Peers of this store, its limit first. */
export const memoryPeers: readonly Peer[] = [
  raw(
    {
      name: "raw-memory",
      store: "memory",
      workers: "in-process",
      packages: [],
      about: "an array, `JSON.stringify`, `JSON.parse` and an async function",
    },
    async () => (await import("../raw-memory.ts")).rawMemory(),
  ),
  lovage("memory", {
    workers: "in-process",
    packages: ["lovage", "@lovage/transport-memory", "@lovage/backend-memory"],
    about: "the whole runtime within one process",
  }),
];
