import process from "node:process";
import { setTimeout as pause } from "node:timers/promises";
import { createApp } from "lovage";
import { Client } from "pg";
import { openOutboxed } from "./open-outboxed.ts";

// A shop: each order is a row and a call, in one transaction. Every fourth order is thought better of after its call was made. It goes on
// from a number until it is killed; the rows tell afterwards which transactions were committed. After so many it takes its time: how long others need
// meanwhile must not decide how much there is to do.
const [task = "", first = "0", burst = "100"] = process.argv.slice(2);
const calmMs = 50;

const app = createApp({ name: "shop", broker: await openOutboxed(false) });
const client = new Client({ connectionString: process.env["OUTBOX_URL"] });
await client.connect();
const effect = app.remote<(id: number) => void>(task);

for (let id = Number(first); ; id += 1) {
  await client.query("BEGIN");
  await client.query("INSERT INTO orders (id) VALUES ($1)", [id]);
  await effect.applyAsync([id], { transaction: client });
  await client.query(id % 4 === 3 ? "ROLLBACK" : "COMMIT");
  if (id >= Number(first) + Number(burst)) await pause(calmMs);
}
