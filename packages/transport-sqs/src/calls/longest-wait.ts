/** SQS' longest poll, and so the fewest calls while nothing happens. */
const maxWaitSeconds = 20;

/**
 * How long a poll waits: not so long that a message which came at its beginning, and whose answer was held up, could be renewed too late.
 */
export function longestWait(leaseMs: number): number {
  return Math.max(1, Math.min(maxWaitSeconds, Math.floor((leaseMs * 2) / 3_000)));
}
