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

/** What a worker process that does not answer is taken for: it takes no tasks, and makes progress as far as is known for now. */
export function silentReport(reason: string, { isLive }: { readonly isLive: boolean }): Pick<Report, "live" | "ready"> {
  const ready = { ok: false, reasons: [reason] };
  return { live: isLive ? { ok: true, reasons: [] } : ready, ready };
}
