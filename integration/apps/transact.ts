import { setTimeout as work } from "node:timers/promises";
import { createApp } from "lovage";
import type { PoolClient } from "pg";
import { recorded } from "./recorded.ts";

/** Tasks whose effect is a row in the database of their broker. */
export const app = createApp({ name: "transact" });

const table = process.env["TRANSACT_TABLE"] ?? "";

/** Counts what came after a task. */
export const after = app.task("transact.after", { bind: true }, (task, id: number) =>
  task.transaction(async (client: PoolClient) => {
    await client.query(`INSERT INTO ${table} (kind, id) VALUES ('after', $1)`, [id]);
    return id;
  }),
);

/** Writes its row, and sends a call, in the transaction that ends it. */
export const effect = app.task("transact.effect", { bind: true }, (task, id: number, ms: number) =>
  recorded(task, () =>
    task.transaction(async (client: PoolClient) => {
      await client.query(`INSERT INTO ${table} (kind, id) VALUES ('effect', $1)`, [id]);
      await work(Math.random() * ms);
      await after.applyAsync([id], { transaction: client });
      await work(Math.random() * ms);
      return id;
    }),
  ),
);
