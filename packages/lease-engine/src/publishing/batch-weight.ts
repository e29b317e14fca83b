/**
 * What a message counts for at least in a batch, in bytes: batches of smaller ones are bounded by their number (`StoreFacts.maxBatch`), those of larger ones by
 * their bytes, at 16 MB for a thousand. A server works on a batch in one step, in which nobody else is served, and takes no more than so much
 * in one (Redis: 1 GB of a client's input, 512 MB a value).
 */
const leastBytes = 16_384;

/** Weight of so many messages that are not large. */
export function weightOf(count: number): number {
  return count * leastBytes;
}

/** Weight of one message. */
export function weigh({ body }: { readonly body: Uint8Array }): number {
  return Math.max(leastBytes, body.byteLength);
}
