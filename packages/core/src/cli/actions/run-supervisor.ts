import { FeatureUnsupportedError } from "@lovage/transport";
import type { App } from "../../app/app.ts";
import { coordinationReach } from "../../app/combine-backends.ts";
import { runtimeOf } from "../../app/runtime-of.ts";
import { openApp } from "../app-module/open-app.ts";
import type { WorkerFlags } from "../flags/worker-flags.ts";
import { exitCode } from "../exit-code.ts";
import { serveReports } from "../http/serve-reports.ts";
import { guardAgainstCrashes } from "../process/crash-guard.ts";
import { listenForStop, stopMessage } from "../process/stop-signals.ts";
import { tellStart } from "../process/tell-start.ts";
import { forkWorker } from "../supervise/fork-worker.ts";
import { Supervisor } from "../supervise/supervisor.ts";

/** Runs the parent of several worker processes until all have ended. Gives the exit code. It runs no tasks itself. */
export async function runSupervisor(flags: WorkerFlags): Promise<number> {
  const { app } = await openApp(flags);
  const { clock, log, settings } = runtimeOf(app);
  await checkStores(app);
  await tellStart(app, flags);
  const graceMs = flags.grace ?? settings.shutdownGraceMs;
  const supervisor = new Supervisor({ count: flags.processes, fork: forkWorker, clock, log });
  // An address that is taken is told before any process is made.
  const http = await serveReports(flags.http, log, () => supervisor.report());
  let hasCrashed = false;
  const endSignals = listenForStop({
    clock,
    onFirst: (signal) => {
      log.info(stopMessage(signal));
      supervisor.stop(graceMs);
    },
    onSecond: () => supervisor.leave(),
  });
  const endGuard = guardAgainstCrashes({
    log,
    failCurrentTask: () => false,
    onFatal: () => {
      hasCrashed = true;
      supervisor.stop(graceMs);
    },
  });
  supervisor.start();
  const endedWell = await supervisor.ended;
  endSignals();
  endGuard();
  await http?.close();
  return endedWell && !hasCrashed ? exitCode.ok : exitCode.failure;
}

/** Looks whether the stores are there and can be shared, then lets go of them: the parent does not need them. */
async function checkStores(app: App): Promise<void> {
  const runtime = runtimeOf(app);
  const { capabilities } = await runtime.connection();
  const backend = await runtime.backend();
  await app.close();
  const reaches = {
    broker: capabilities.reach,
    "result backend": backend?.results === undefined ? undefined : backend.capabilities.reach,
    coordination: backend === undefined ? undefined : coordinationReach(backend),
  };
  const [own] = Object.entries(reaches).find(([, reach]) => reach === "process") ?? [];
  if (own === undefined) return;
  throw new FeatureUnsupportedError(
    `--processes needs stores that processes share; the ${own} of app "${app.name}" lives inside one process (memory:). ` +
      "Use for example sqlite:.lovage/queue.db, or one process with a higher --concurrency.",
  );
}
