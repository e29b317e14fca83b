import { celeryPeers } from "./celery-peers.ts";
import { allBut, defaultsOnly, lovage, peer, raw } from "./peer-card.ts";
import type { Peer } from "../peer.ts";

/** Peers of this store, its limit first. */
export const redisPeers: readonly Peer[] = [
  raw(
    {
      name: "raw-redis",
      store: "redis",
      packages: ["ioredis"],
      about:
        "ioredis with nothing around it: a push for each call or 1,000 in one, claims of 300 by one script that also puts away the claim before. Jobs of a dead worker stay where they are",
    },
    async () => (await import("../raw-redis.ts")).rawRedis(),
  ),
  lovage("redis", {
    packages: ["lovage", "@lovage/transport-redis", "@lovage/backend-redis"],
    about: "every message has a lease with a fence",
  }),
  peer(
    {
      name: "bee-queue",
      store: "redis",
      packages: ["bee-queue"],
      about:
        "100 jobs at once, without its events and lists of jobs, done jobs are removed. Not asked for results: it loses some, and a call may wait for ever",
      isAsked: allBut("roundtrip"),
    },
    async () => (await import("../bee-queue.ts")).beeQueue(),
  ),
  peer(
    {
      name: "bullmq",
      store: "redis",
      packages: ["bullmq", "ioredis"],
      about: "100 jobs at once, done jobs are removed",
    },
    async () => {
      const { bullmq, tunedBullmq } = await import("../bullmq.ts");
      return bullmq(tunedBullmq);
    },
  ),
  peer(
    {
      name: "bullmq-defaults",
      store: "redis",
      packages: ["bullmq", "ioredis"],
      about: "as it comes: one job at a time, done jobs are kept",
      workShare: 0.2,
      isAsked: defaultsOnly,
    },
    async () => {
      const { bullmq, defaultBullmq } = await import("../bullmq.ts");
      return bullmq(defaultBullmq);
    },
  ),
  ...celeryPeers("redis", "redis"),
];
