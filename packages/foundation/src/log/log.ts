/** Where Lovage writes what it does. Message first, then plain fields; implementations mask secrets in both. */
export interface Log {
  /** What helps to find a fault in Lovage itself. */
  debug(message: string, fields?: Record<string, unknown>): void;
  /** What an operator wants to have read later. */
  info(message: string, fields?: Record<string, unknown>): void;
  /** What works, but needs a look. */
  warn(message: string, fields?: Record<string, unknown>): void;
  /** What failed. */
  error(message: string, fields?: Record<string, unknown>): void;
  /** A log that adds these fields to each of its lines. */
  child(fields: Record<string, unknown>): Log;
}

/** A log that writes nothing. */
export const silentLog: Log = Object.freeze<Log>({
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
  child: () => silentLog,
});
