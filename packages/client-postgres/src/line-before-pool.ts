import { Line } from "./line.ts";
import type { ReadyPool } from "./postgres-options.ts";

const lines = new WeakMap<ReadyPool, Line>();

/**
 * The line of all transactions of the user's in a pool of theirs. It leaves one connection for statements; whoever keeps another for notifications
 * reserves it. Without that the transactions would take them all, and wait in them for statements that never get one.
 */
export function lineBefore(pool: ReadyPool): Line {
  const known = lines.get(pool);
  if (known !== undefined) return known;
  const line = new Line(pool.options.max - 1);
  lines.set(pool, line);
  return line;
}
