import { runtimeOf } from "../../app/runtime-of.ts";
import { openApp } from "../app-module/open-app.ts";
import type { WorkerFlags } from "../flags/worker-flags.ts";
import { serveReports } from "../http/serve-reports.ts";
import { createLocalWorker } from "../process/local-worker.ts";
import { listenForStop, stopMessage } from "../process/stop-signals.ts";
import { tellStart } from "../process/tell-start.ts";

/** Runs a worker in this process until a signal, or its own trouble, ends it. Gives the exit code. */
export async function runSingleWorker(flags: WorkerFlags): Promise<number> {
  const { app } = await openApp(flags);
  const { clock, log } = runtimeOf(app);
  await tellStart(app, flags);
  const { process: local, report } = createLocalWorker(app, flags);
  const http = await serveReports(flags.http, log, report);
  const endSignals = listenForStop({
    clock,
    onFirst: (signal) => {
      log.info(stopMessage(signal));
      local.stop();
    },
    onSecond: () => local.leave(),
  });
  try {
    return await local.run(() => {});
  } finally {
    endSignals();
    await http?.close();
  }
}
