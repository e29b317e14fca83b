import { OptionError } from "@lovage/foundation";
import type { OverlapPolicy, ScheduledCallOptions } from "./schedule-options.ts";

/** What is asked of a schedule. */
interface RunsOfSchedule {
  readonly name: string;
  readonly task: string;
  readonly overlap: OverlapPolicy;
  readonly options: Pick<ScheduledCallOptions, "ignoreResult">;
}

/**
 * Whether a run goes on is told by its result: without one a schedule whose runs must not overlap would run once a day.
 * @param task Options of its task, as far as they are known.
 * @throws OPTION_INVALID
 */
export function requireResults(
  { name, task: taskName, overlap, options }: RunsOfSchedule,
  task: { readonly ignoreResult?: boolean | undefined } = {},
): void {
  const ignored = options.ignoreResult ?? task.ignoreResult ?? false;
  if (overlap === "allow" || !ignored) return;
  throw new OptionError(
    `overlap: "${overlap}" of schedule "${name}" needs the results of its task "${taskName}", which stores none (ignoreResult).`,
    { field: "overlap" },
  );
}
