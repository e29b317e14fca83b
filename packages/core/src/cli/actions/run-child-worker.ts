import { hostname } from "node:os";
import { runtimeOf } from "../../app/runtime-of.ts";
import { openApp } from "../app-module/open-app.ts";
import type { WorkerFlags } from "../flags/worker-flags.ts";
import { createLocalWorker } from "../process/local-worker.ts";
import { ParentChannel } from "../supervise/parent-channel.ts";

/**
 * Runs a worker that a parent has started and commands.
 *
 * | what comes | what it does |
 * |---|---|
 * | an order of the parent | obeys |
 * | the end of the parent | stops, within the grace |
 * | SIGINT | nothing: the terminal sends it to the parent as well, which judges it |
 * | SIGTERM | stops, within the grace; the parent replaces it |
 */
export async function runChildWorker(flags: WorkerFlags, number: number): Promise<number> {
  process.on("SIGINT", () => {});
  const fields = { process: number };
  const { app } = await openApp(flags, fields);
  const { log } = runtimeOf(app);
  const { process: local, report } = createLocalWorker(
    app,
    { ...flags, hostname: `${flags.hostname ?? `lovage@${hostname()}`}.${number}` },
    fields,
  );
  process.on("SIGTERM", () => local.stop());
  const channel = new ParentChannel({
    onStop: (reason, graceMs) => {
      log.debug("The worker process stops.", { reason });
      local.stop(graceMs);
    },
    onLeave: () => local.leave(),
    report,
  });
  try {
    return await local.run(() => channel.started());
  } finally {
    channel.close();
  }
}
