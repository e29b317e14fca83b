import type { Log } from "@lovage/foundation";

/** A log that keeps its lines: level, message, fields. */
export interface RecordedLog extends Log {
  readonly lines: (readonly [level: string, message: string, fields: Record<string, unknown>])[];
}

/** A log for tests of what is written. Children write to the same lines. */
export function recordedLog(): RecordedLog {
  const lines: RecordedLog["lines"] = [];
  const make = (bound: Record<string, unknown>): RecordedLog => {
    const write =
      (level: string) =>
      (message: string, fields: Record<string, unknown> = {}): void =>
        void lines.push([level, message, { ...bound, ...fields }]);
    return {
      lines,
      debug: write("debug"),
      info: write("info"),
      warn: write("warn"),
      error: write("error"),
      child: (fields) => make({ ...bound, ...fields }),
    };
  };
  return make({});
}
