import type { Verdict } from "../../worker/worker-health.ts";
import type { WorkerMetrics } from "./worker-metrics.ts";

/** What a worker process tells about itself; plain data, which also travels between processes. */
export interface Report {
  /** It makes progress; if not, only a restart helps. */
  readonly live: Verdict;
  /** It takes tasks. */
  readonly ready: Verdict;
  readonly metrics: WorkerMetrics;
}

/** What a worker process that does not answer is taken for. */
export function silentReport(reason: string): Pick<Report, "live" | "ready"> {
  const verdict = { ok: false, reasons: [reason] };
  return { live: verdict, ready: verdict };
}
