import process from "node:process";
import { setTimeout as work } from "node:timers/promises";
import { createApp } from "lovage";
import type { Duration } from "lovage";
import { recorded, recordAbort, recordWrite } from "./recorded.ts";

const early = process.env["FAULTS_ACK"] === "early";
const resultExpires = process.env["FAULTS_RESULT_EXPIRES"] as Duration | undefined;

/**
 * Tasks that do what a scenario asks for, and write it into the ledger. The broker comes from the environment; `FAULTS_ACK=early` acknowledges
 * before a task runs, which is what loses tasks; `FAULTS_RESULT_EXPIRES` is how long results are kept.
 */
export const app = createApp({
  name: "load",
  taskDefaults: { ...(early ? { ack: "early" } : {}), ...(resultExpires === undefined ? {} : { resultExpires }) },
});

/** Works for a while, without blocking. */
export const wait = app.task("load.wait", { bind: true }, (task, ms: number) => recorded(task, () => work(ms)));

/** Does nothing. */
export const pass = app.task("load.pass", { bind: true }, (task) => recorded(task, () => {}));

/** At its first delivery works for a long time, deaf to its signal; at a later one for a short time. Then writes progress, and tells which delivery it was. */
export const hold = app.task("load.hold", { bind: true }, (task, firstMs: number, laterMs: number) =>
  recorded(task, async () => {
    recordAbort(task);
    const { redelivered, token } = task.delivery;
    await work(redelivered ? laterMs : firstMs);
    await recordWrite(task, "PROGRESS");
    return token;
  }),
);

/** At its first delivery works until its signal aborts; at a later one not at all. */
export const obey = app.task("load.obey", { bind: true }, (task) =>
  recorded(task, async () => {
    recordAbort(task);
    if (!task.delivery.redelivered) await new Promise((resolve) => task.signal.addEventListener("abort", resolve));
    await recordWrite(task, "PROGRESS");
    return task.delivery.token;
  }),
);

/** Works until its signal aborts. */
export const linger = app.task("load.linger", { bind: true }, (task) =>
  recorded(task, async () => {
    recordAbort(task);
    await new Promise((resolve) => task.signal.addEventListener("abort", resolve));
  }),
);

/** Ends its process, as a fault in native code does. */
export const abort = app.task("load.abort", { bind: true }, (task) => recorded(task, () => process.abort()));

/** Takes memory until there is none left: its process is ended in the midst of it. */
export const exhaust = app.task("load.exhaust", { bind: true }, (task) =>
  recorded(task, () => {
    const taken: number[][] = [];
    for (;;) taken.push(Array.from({ length: 100_000 }, (_, index) => index));
  }),
);

/** Blocks the event loop, as a long computation does; at a later delivery does nothing. */
export const block = app.task("load.block", { bind: true }, (task, ms: number) =>
  recorded(task, () => {
    const endsAtMs = Date.now() + ms;
    while (!task.delivery.redelivered && Date.now() < endsAtMs) {
      // Nothing else runs meanwhile.
    }
  }),
);

/** Lets an error escape from code that it does not wait for. At a later delivery ends well. */
export const stray = app.task("load.stray", { bind: true }, (task, kind: "rejection" | "exception") =>
  recorded(task, async () => {
    if (task.delivery.redelivered) return;
    if (kind === "rejection") void Promise.reject(new TypeError("stray rejection"));
    else setImmediate(throwStray);
    await new Promise((resolve) => task.signal.addEventListener("abort", resolve));
  }),
);

function throwStray(): never {
  throw new TypeError("stray exception");
}
