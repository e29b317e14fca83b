import { OptionError } from "../errors/option-error.ts";

/**
 * Refuses what is no whole number, or too small.
 * @throws OptionError (`OPTION_INVALID`), which names the field
 */
export function checkWhole(field: string, value: number, least: number): void {
  if (Number.isSafeInteger(value) && value >= least) return;
  throw new OptionError(`${field} must be a whole number, at least ${least}; got ${String(value)}.`, { field });
}
