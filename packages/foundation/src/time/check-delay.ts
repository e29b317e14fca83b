import { OptionError } from "../errors/option-error.ts";

/**
 * Refuses a delay that is no number: the platform would silently take it for 1 ms.
 * @throws OptionError (`OPTION_INVALID`)
 */
export function checkDelay(ms: number): void {
  if (typeof ms === "number" && !Number.isNaN(ms)) return;
  throw new OptionError(`A delay must be a number of milliseconds, not ${String(ms)}.`, { field: "ms" });
}
