import { lovage, raw } from "./peer-card.ts";
import type { Peer } from "../peer.ts";

/** Peers of this store, its limit first. */
export const sqlitePeers: readonly Peer[] = [
  raw(
    {
      name: "raw-sqlite",
      store: "sqlite",
      packages: [],
      about:
        "`node:sqlite` with nothing around it, as durable (WAL, `synchronous=FULL`): one INSERT a call or 1,000 in a transaction, claims of 500, one DELETE a job in a transaction of 500, polls each ms",
    },
    async () => (await import("../raw-sqlite.ts")).rawSqlite(),
  ),
  lovage("sqlite", {
    packages: ["lovage", "@lovage/transport-sqlite", "@lovage/backend-sqlite"],
    about: "a call is accepted after an fsync (`synchronous=FULL`)",
  }),
];
