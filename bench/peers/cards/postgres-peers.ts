import { allBut, defaultsOnly, lovage, only, peer, raw } from "./peer-card.ts";
import type { Peer } from "../peer.ts";

/** Peers of this store, its limit first. */
export const postgresPeers: readonly Peer[] = [
  raw(
    {
      name: "raw-postgres",
      store: "postgres",
      packages: ["pg"],
      about:
        "`pg` with nothing around it: an INSERT a call over 10 connections, or one for 1,000; claims of 1,000 with SKIP LOCKED, run and deleted in one transaction, in two lanes. It notifies only where a worker is known to sleep",
    },
    async () => (await import("../raw-postgres.ts")).rawPostgres(),
  ),
  lovage("postgres", {
    packages: ["lovage", "@lovage/transport-postgres", "@lovage/backend-postgres"],
    about: "a call is accepted after its commit; every message has a lease with a fence",
  }),
  peer(
    {
      name: "graphile-worker",
      store: "postgres",
      packages: ["graphile-worker"],
      about: "100 jobs at once, a local queue of 1,000, completions joined for 5 ms, a pool of 10",
      isAsked: allBut("start-latency", "schedule", "roundtrip"),
    },
    async () => {
      const { graphileWorker, batchingGraphile } = await import("../graphile-worker.ts");
      return graphileWorker(batchingGraphile);
    },
  ),
  peer(
    {
      name: "graphile-worker-prompt",
      store: "postgres",
      packages: ["graphile-worker"],
      about: "24 jobs at once, nothing is joined, polls each 100 ms",
      isAsked: only("start-latency", "schedule"),
    },
    async () => {
      const { graphileWorker, promptGraphile } = await import("../graphile-worker.ts");
      return graphileWorker(promptGraphile);
    },
  ),
  peer(
    {
      name: "graphile-worker-defaults",
      store: "postgres",
      packages: ["graphile-worker"],
      about: "as it comes: one job at a time",
      workShare: 0.1,
      isAsked: defaultsOnly,
    },
    async () => (await import("../graphile-worker.ts")).graphileWorker({}),
  ),
  peer(
    {
      name: "pg-boss",
      store: "postgres",
      packages: ["pg-boss"],
      about: "four lanes of 1,000, bursts, NOTIFY, polls each 0.5 s, a pool of 10; done jobs stay",
      isAsked: allBut("start-latency", "roundtrip"),
    },
    async () => {
      const { pgBoss, batchingPgBoss } = await import("../pg-boss.ts");
      return pgBoss(batchingPgBoss);
    },
  ),
  peer(
    {
      name: "pg-boss-prompt",
      store: "postgres",
      packages: ["pg-boss"],
      about: "one job at a time, NOTIFY, polls each 0.5 s",
      isAsked: only("start-latency"),
    },
    async () => {
      const { pgBoss, promptPgBoss } = await import("../pg-boss.ts");
      return pgBoss(promptPgBoss);
    },
  ),
  peer(
    {
      name: "pg-boss-defaults",
      store: "postgres",
      packages: ["pg-boss"],
      about: "as it comes: one job at a time, polls each 2 s",
      // A job a poll: 40 of them take 78 s, and that the first is not waited for makes the figure 2.5 % too good.
      workShare: 0.0004,
      isAsked: defaultsOnly,
    },
    async () => {
      const { pgBoss, defaultPgBoss } = await import("../pg-boss.ts");
      return pgBoss(defaultPgBoss);
    },
  ),
];
