import { OptionError, parseDuration, quoteValue } from "@lovage/foundation";
import { checkKnown } from "../app/check-option.ts";
import type { GetOptions } from "./async-result.ts";

/** {@link GetOptions}, checked. */
export interface CheckedGetOptions {
  readonly timeoutMs: number | undefined;
  readonly signal: AbortSignal | undefined;
}

/** @throws OPTION_INVALID that names the field */
export function checkGetOptions(options: GetOptions): CheckedGetOptions {
  checkKnown(options, "get", ["timeout", "signal"]);
  const { timeout, signal } = options;
  if (signal !== undefined) checkSignal(signal);
  return { timeoutMs: timeout === undefined ? undefined : parseDuration(timeout, { field: "timeout" }), signal };
}

function checkSignal(signal: unknown): void {
  if (signal instanceof AbortSignal) return;
  const hint = signal instanceof AbortController ? ", the controller: give its signal" : "";
  throw new OptionError(`signal must be an AbortSignal; it is ${quoteValue(signal)}${hint}.`, { field: "signal" });
}
