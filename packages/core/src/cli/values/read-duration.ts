import { OptionError, parseDuration } from "@lovage/foundation";

/** A duration with its unit, in ms. A bare number is refused: Celery's command takes it for seconds, our code for milliseconds. @throws OPTION_INVALID */
export function readDuration(text: string): number {
  if (text === "0") return 0;
  if (/^\d+(\.\d+)?$/.test(text)) {
    throw new OptionError(`Say the unit: ${text}ms, ${text}s, ${text}m, ${text}h or ${text}d.`, { field: "duration" });
  }
  return parseDuration(text, { field: "The value" });
}
