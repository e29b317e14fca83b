/** What the command ends with. */
export const exitCode = {
  /** Done; a worker: stopped as it was told, everything finished or given back. */
  ok: 0,
  /** It could not be done; a worker: it had to stop, or was told twice. */
  failure: 1,
  /** The command line is wrong; nothing was done. */
  usage: 2,
} as const;
