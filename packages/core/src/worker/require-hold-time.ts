import { formatDuration } from "@lovage/foundation";
import { FeatureUnsupportedError } from "@lovage/transport";
import type { Connection } from "@lovage/transport";
import type { AppRuntime } from "../app/app-runtime.ts";

/**
 * Sees to it that no task may run for longer than the broker lets a worker hold its message: it would be delivered again, and run twice.
 * @param queues Those that the worker reads, declared before.
 * @throws FEATURE_UNSUPPORTED
 */
export function requireHoldTime({ tasks }: AppRuntime, connection: Connection, queues: readonly string[]): void {
  for (const name of tasks.names()) {
    const { run, options } = tasks.get(name) ?? {};
    const limitMs = options?.timeLimitMs;
    if (run === undefined || options === undefined || limitMs === undefined) continue;
    // Without a queue of its own a route decides; it is refused where none of these queues would do.
    const own = queues.filter((queue) => queue === options.queue);
    const longest = (own.length > 0 ? own : queues)
      .map((queue) => connection.capabilitiesOf(queue).hold)
      .reduce((one, other) => ((one?.maxMs ?? Infinity) >= (other?.maxMs ?? Infinity) ? one : other));
    if (longest === undefined || limitMs <= longest.maxMs) continue;
    throw new FeatureUnsupportedError(
      `Task "${name}" may run for ${formatDuration(limitMs)} (timeLimit), and the broker lets a worker hold a message for ${formatDuration(longest.maxMs)}: it would run twice. ${longest.advice}`,
    );
  }
}
