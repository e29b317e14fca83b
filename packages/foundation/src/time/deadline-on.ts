import type { Clock, Deadline, DeadlineOptions } from "./clock.ts";
import { DeadlineError } from "../errors/deadline-error.ts";
import { formatDuration } from "./duration.ts";

/** The `deadline` of a clock, made from its `timer`: for implementations of {@link Clock}. */
export function deadlineOn(clock: Pick<Clock, "timer">, ms: number, options: DeadlineOptions = {}): Deadline {
  const controller = new AbortController();
  const timer = clock.timer(ms, () => {
    controller.abort(options.reason ?? new DeadlineError(`Not done after ${formatDuration(Math.max(0, ms))}.`));
  });
  return { signal: controller.signal, cancel: () => timer.cancel() };
}
