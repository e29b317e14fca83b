import process from "node:process";
import { setTimeout as work } from "node:timers/promises";
import { createApp } from "lovage";
import { queueOptions } from "../scene/queue-options.ts";
import type { QueueDrivers } from "../scene/queue-options.ts";

/** The Lovage app of the interop tests. Broker and backend come from the environment. */
export const app = createApp({
  name: "interop",
  defaultQueue: process.env["INTEROP_LOVAGE_QUEUE"] ?? "default",
  queues: queueOptions(JSON.parse(process.env["INTEROP_DRIVERS"] ?? "{}") as QueueDrivers),
  routes: { "py.*": process.env["INTEROP_PYTHON_QUEUE"] ?? "celery" },
});

export const add = app.task("ts.add", (x: number, y: number) => x + y);
export const total = app.task("ts.total", (numbers: readonly number[]) => numbers.reduce((sum, each) => sum + each, 0));
export const echo = app.task("ts.echo", { bind: true }, (task, ...args: unknown[]) => ({
  args,
  id: task.id,
  at: Date.now() / 1_000,
}));

/** An error with a class of its own. */
export class PaymentError extends Error {
  override readonly name = "PaymentError";
}

export const fail = app.task("ts.fail", { maxRetries: 0 }, () => {
  throw new PaymentError("no money");
});
export const retry = app.task("ts.retry", { bind: true, maxRetries: 5 }, (task, times: number) => {
  if (task.retries < times) throw task.retry({ countdown: 200 });
  return task.retries;
});

/** Known to both languages: whoever takes it says so. Here it works for as long as it is told to; Python does not. */
export const who = app.task("either.who", async (ms: number) => {
  if (ms > 0) {
    console.log("holding");
    await work(ms);
  }
  return "lovage";
});
