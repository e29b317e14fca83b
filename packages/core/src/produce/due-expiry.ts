import { formatDuration, OptionError } from "@lovage/foundation";
import { sendDelay } from "../canvas/send-delay.ts";
import type { CheckedCallOptions } from "./check-call-options.ts";

/** What an expiry is judged by. */
interface ExpiryContext {
  /** The task's own `expires`. */
  readonly defaultMs: number | undefined;
  readonly nowMs: number;
}

/**
 * When a call expires. The task's own `expires`, which was not written for this call, counts from when it is due; one that the call brings must leave it time to run.
 * @throws OPTION_INVALID where it would expire before it is due
 */
export function dueExpiry(
  options: CheckedCallOptions,
  { defaultMs, nowMs }: ExpiryContext,
): CheckedCallOptions["expires"] {
  const { expires } = options;
  const delayMs = sendDelay(options, nowMs);
  if (expires === undefined) return defaultMs === undefined ? undefined : { inMs: defaultMs + delayMs };
  const inMs = "inMs" in expires ? expires.inMs : expires.atMs - nowMs;
  if (delayMs === 0 || inMs > delayMs) return expires;
  throw new OptionError(
    `The call would never run: it is delayed for ${formatDuration(delayMs)} and expires ${inMs <= 0 ? "at once" : `after ${formatDuration(inMs)}`}. Let it expire later; expires counts from when the call is sent.`,
    { field: "expires" },
  );
}
