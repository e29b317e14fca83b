import process from "node:process";
import { createApp } from "lovage";
import { systemClock } from "@lovage/foundation";
import { recorded } from "./recorded.ts";

const skewMs = Number(process.env["FAULTS_SKEW_MS"] ?? "0");

/** A worker whose wall clock is wrong by `FAULTS_SKEW_MS`. */
export const app = createApp({ name: "skewed", clock: { ...systemClock, now: () => systemClock.now() + skewMs } });

/** Works for a while. */
export const wait = app.task("load.wait", { bind: true }, (task, ms: number) =>
  recorded(task, () => systemClock.sleep(ms)),
);
