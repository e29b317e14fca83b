import process from "node:process";
import { createApp } from "lovage";
import { LedgerWriter } from "../ledger/ledger-writer.ts";

// A producer of its own: sends calls of one task in batches and records each batch that was accepted.
const [task = "", count = "0", ...args] = process.argv.slice(2);
const batch = 50;

await using app = createApp({ name: "producer" });
const ledger = new LedgerWriter(process.env["FAULTS_LEDGER"] ?? "ledger");
const remote = app.remote<(...args: unknown[]) => unknown>(task);
const values: unknown[] = args.map((arg) => JSON.parse(arg) as unknown);

for (let sent = 0; sent < Number(count); sent += batch) {
  const size = Math.min(batch, Number(count) - sent);
  const results = await remote.applyMany(Array.from({ length: size }, () => values));
  ledger.write(...results.map(({ id }) => ({ kind: "accepted", taskId: id }) as const));
}
ledger.close();
