import type { Beat } from "../../beat/beat.ts";
import { runtimeOf } from "../../app/runtime-of.ts";
import { openApp } from "../app-module/open-app.ts";
import type { BeatFlags } from "../flags/beat-flags.ts";
import type { Report } from "../http/report.ts";
import { serveReports } from "../http/serve-reports.ts";
import { noMetrics } from "../http/worker-metrics.ts";
import { guardAgainstCrashes } from "../process/crash-guard.ts";
import { listenForStop } from "../process/stop-signals.ts";
import { WorkerProcess } from "../process/worker-process.ts";
import { checkSharedBackend, sharedBroker } from "./shared-stores.ts";

/** Runs a beat in this process until a signal, or its own trouble, ends it. Gives the exit code. */
export async function runBeat(flags: BeatFlags): Promise<number> {
  const { app } = await openApp(flags);
  const { clock, log, settings } = runtimeOf(app);
  await sharedBroker(app);
  await checkSharedBackend(app);
  const beat = app.beat(flags.lease === undefined ? {} : { lease: flags.lease });
  const graceMs = flags.grace ?? settings.shutdownGraceMs;
  const local = new WorkerProcess({ worker: beat, clock, log, graceMs, close: () => app.close() });
  const http = await serveReports(flags.http, log, async () => reportOf(beat));
  const endSignals = listenForStop({
    clock,
    onFirst: (signal) => {
      log.info(`${signal}: nothing more is published, and another beat may lead. A second one ends at once.`);
      local.stop();
    },
    onSecond: () => local.leave(),
  });
  const endGuard = guardAgainstCrashes({ log, failCurrentTask: () => false, onFatal: () => local.fail() });
  try {
    return await local.run(() => {});
  } finally {
    endSignals();
    endGuard();
    await http?.close();
  }
}

function reportOf(beat: Beat): Report {
  const { live, ready } = beat.health();
  return { live, ready, metrics: noMetrics };
}
