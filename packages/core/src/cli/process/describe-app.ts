import { maskUrl } from "@lovage/foundation";
import type { App } from "../../app/app.ts";
import type { Source } from "../../app/configuration/source.ts";
import { configurationOf, runtimeOf } from "../../app/runtime-of.ts";
import { readVersion } from "../version.ts";
import type { WorkerFlags } from "../flags/worker-flags.ts";

/** What a worker tells about itself when it starts. Without secrets. */
export interface AppDescription {
  readonly version: string;
  readonly app: string;
  readonly broker: string;
  readonly backend: string;
  readonly queues: readonly string[];
  readonly concurrency: number;
  readonly processes: number;
  readonly tasks: readonly string[];
}

/** Describes what a worker with these flags will do. */
export function describeApp(app: App, flags: WorkerFlags): AppDescription {
  const { broker, backend } = configurationOf(app);
  const { settings, tasks } = runtimeOf(app);
  return {
    version: readVersion(),
    app: app.name,
    broker: placeOf(broker),
    backend: backend === undefined ? "none" : placeOf(backend),
    queues: flags.queues ?? tasks.queues(),
    concurrency: flags.concurrency ?? settings.concurrency,
    processes: flags.processes,
    tasks: tasks.names().filter((name) => tasks.get(name)?.run !== undefined),
  };
}

/** Where a broker or a backend is, without secrets. */
export function placeOf(source: Source<unknown>): string {
  if ("opened" in source) return "opened by the app";
  return source.locations.map(({ url }) => maskUrl(url)).join(", ");
}

const maxTasks = 20;

/** The same for a person, in a few lines. */
export function bannerText(description: AppDescription): string {
  const { version, app, broker, backend, queues, concurrency, processes, tasks } = description;
  const more = tasks.length > maxTasks ? `, and ${tasks.length - maxTasks} more` : "";
  const rows = [
    ["broker", broker],
    ["backend", backend],
    ["queues", queues.join(", ")],
    ["concurrency", processes > 1 ? `${processes} processes x ${concurrency}` : String(concurrency)],
    ["tasks", tasks.length === 0 ? "none" : tasks.slice(0, maxTasks).join(", ") + more],
  ] as const;
  const lines = rows.map(([title, value]) => `  ${title.padEnd(12)}${value}`);
  return [`lovage ${version}, worker of app "${app}"`, ...lines, ""].join("\n");
}
