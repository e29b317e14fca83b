/** What the process waits for; the innermost is the last. */
const waiting: (() => void)[] = [];

/**
 * Settles as `work` does; rejects when the process would end before that. Node ends without a word, and with success, when nothing is left that
 * could ever settle what is waited for.
 * @param failure Why that may be; of works within works the innermost is asked.
 */
export async function untilIdle<Result>(work: () => Promise<Result>, failure: () => Error): Promise<Result> {
  const { promise: idle, reject } = Promise.withResolvers<never>();
  const giveUp = (): void => reject(failure());
  if (waiting.length === 0) process.on("beforeExit", giveUpInnermost);
  waiting.push(giveUp);
  try {
    return await Promise.race([work(), idle]);
  } finally {
    waiting.splice(waiting.indexOf(giveUp), 1);
    if (waiting.length === 0) process.off("beforeExit", giveUpInnermost);
  }
}

function giveUpInnermost(): void {
  waiting.at(-1)?.();
}
