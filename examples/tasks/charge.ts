import { createApp } from "lovage";

const app = createApp({ name: "shop", broker: "memory:", backend: "memory:", logLevel: "silent" });

// Stands for a service, or for a table with a unique column, that takes each key once.
const charges = new Map<string, number>();

const charge = app.task("shop.charge", { bind: true, retryFor: true, retryBackoff: "20ms" }, (task, cents: number) => {
  // The id is that of the call: the same in every run, whatever was the reason to run again.
  charges.set(task.id, cents);
  if (task.retries === 0) throw new Error("the connection was lost before the answer came");
  return task.retries + 1;
});

await app.worker().start();
const result = await charge.delay(500);
console.log(`runs: ${await result.get({ timeout: "10s" })}, charges: ${charges.size}`);
await app.close();
