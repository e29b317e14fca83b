import { formatDuration, OptionError, parseDuration, quoteValue } from "@lovage/foundation";

/**
 * A duration with its unit, in ms. A bare number is refused: Celery's command takes it for seconds, our code for milliseconds.
 * @param minMs Shortest that is accepted.
 * @throws OPTION_INVALID
 */
export function readDuration(text: string, minMs = 0): number {
  if (/^\d+(\.\d+)?$/.test(text) && text !== "0") {
    throw new OptionError(`Say the unit: ${text}ms, ${text}s, ${text}m, ${text}h or ${text}d.`, { field: "duration" });
  }
  try {
    return parseDuration(text === "0" ? 0 : text, { field: "duration", min: minMs });
  } catch (cause) {
    // It allows the milliseconds of code as well, which are refused here.
    const least = minMs > 0 ? ` and is at least ${formatDuration(minMs)}` : "";
    throw new OptionError(`A duration is written as 500ms, 10s, 5m, 1h or 7d${least}; it is ${quoteValue(text)}.`, {
      field: "duration",
      cause,
    });
  }
}
