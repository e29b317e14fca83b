import type { WorkerMetrics } from "./worker-metrics.ts";

/** Media type of {@link prometheusText}. */
export const prometheusType = "text/plain; version=0.0.4; charset=utf-8";

interface Sample {
  readonly labels?: Readonly<Record<string, string>>;
  readonly value: number;
}

interface Family {
  readonly name: string;
  readonly type: "counter" | "gauge";
  readonly help: string;
  readonly samples: readonly Sample[];
}

/** Figures in the text format of Prometheus. */
export function prometheusText(metrics: WorkerMetrics, version: string): string {
  return families(metrics, version)
    .filter(({ samples }) => samples.length > 0)
    .map((family) => familyText(family))
    .join("");
}

function families(metrics: WorkerMetrics, version: string): readonly Family[] {
  const { processes, tasks, running, buffered } = metrics;
  return [
    gauge("lovage_info", "The release that runs.", [{ labels: { version }, value: 1 }]),
    gauge("lovage_worker_processes", "Worker processes that answered.", [{ value: processes }]),
    {
      name: "lovage_tasks_total",
      type: "counter",
      help: "Runs that ended, by task and outcome.",
      samples: tasks.map(({ task, outcome, count }) => ({ labels: { task, outcome }, value: count })),
    },
    gauge("lovage_tasks_running", "Tasks that run now.", [{ value: running }]),
    gauge("lovage_tasks_buffered", "Messages fetched and not started.", [{ value: buffered }]),
    ...progress(metrics),
    loopDelay(metrics),
  ];
}

function progress({ queues }: WorkerMetrics): readonly Family[] {
  const instants = (read: (queue: WorkerMetrics["queues"][number]) => number | undefined): readonly Sample[] =>
    queues.flatMap((queue) => {
      const atMs = read(queue);
      return atMs === undefined ? [] : [{ labels: { queue: queue.queue }, value: atMs / 1000 }];
    });
  return [
    gauge(
      "lovage_last_fetched_timestamp_seconds",
      "When a message was last fetched.",
      instants((queue) => queue.fetchedAtMs),
    ),
    gauge(
      "lovage_last_settled_timestamp_seconds",
      "When a message was last settled.",
      instants((queue) => queue.settledAtMs),
    ),
  ];
}

function loopDelay({ loopDelay: { p50, p99, max } }: WorkerMetrics): Family {
  return gauge("lovage_event_loop_delay_seconds", "How late the event loop is; the slowest process.", [
    { labels: { quantile: "0.5" }, value: p50 },
    { labels: { quantile: "0.99" }, value: p99 },
    { labels: { quantile: "1" }, value: max },
  ]);
}

function gauge(name: string, help: string, samples: readonly Sample[]): Family {
  return { name, type: "gauge", help, samples };
}

function familyText({ name, type, help, samples }: Family): string {
  const lines = samples.map(({ labels = {}, value }) => `${name}${labelsText(labels)} ${value}`);
  return [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`, ...lines, ""].join("\n");
}

function labelsText(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escapeLabel(value)}"`);
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}

function escapeLabel(value: string): string {
  return value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}
