import { setTimeout as work } from "node:timers/promises";
import { createApp } from "lovage";
import { recorded } from "./recorded.ts";

/** A task with a limit that all workers share. */
export const app = createApp({ name: "limited" });

export const limited = app.task("limited.wait", { bind: true, rateLimit: "10/s" }, (task, ms: number) =>
  recorded(task, () => work(ms)),
);
