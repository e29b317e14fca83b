import process from "node:process";
import { createApp } from "lovage";
import { Pool, type PoolClient } from "pg";
import { openOutboxed } from "./open-outboxed.ts";

/** Workers behind an inbox, whose effect is a row in the database of the outbox. They publish nothing of what others have sent. */
export const app = createApp({ name: "outboxed", broker: await openOutboxed(false) });

const pool = new Pool({ connectionString: process.env["OUTBOX_URL"], max: 2 });

/** Sent by the task below. */
export const after = app.task("outbox.after", { bind: true }, (task, id: number) =>
  task.transaction(async (client: PoolClient) => {
    await client.query("INSERT INTO effects (kind, id) VALUES ('after', $1)", [id]);
  }),
);

/** Writes its row and sends another call in the transaction that ends it. */
export const effect = app.task("outbox.effect", { bind: true }, (task, id: number) =>
  task.transaction(async (client: PoolClient) => {
    await client.query("INSERT INTO effects (kind, id) VALUES ('effect', $1)", [id]);
    await after.applyAsync([id], { transaction: client });
  }),
);

/** Ends without a transaction: only the inbox stands between it and second copies. */
export const plain = app.task("outbox.plain", async (id: number) => {
  await pool.query("INSERT INTO effects (kind, id) VALUES ('plain', $1)", [id]);
});
