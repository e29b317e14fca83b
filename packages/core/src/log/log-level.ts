/** Levels of a log, the most talkative first. */
export const logLevels = ["debug", "info", "warn", "error", "silent"] as const;

/** Least level that is written. */
export type LogLevel = (typeof logLevels)[number];
