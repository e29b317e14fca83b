import { setTimeout as pause } from "node:timers/promises";

/** What is waited for, and how long. */
export interface AnswerOptions {
  readonly withinMs: number;
  /** Why to give up early, when there is a reason. Asked between tries. */
  readonly whyNot: () => Promise<string | undefined> | string | undefined;
}

const pollMs = 20;

/**
 * Asks a server again and again until it answers.
 * @returns what `ask` returned
 * @throws Error when it does not answer in time, or cannot any more
 */
export async function untilItAnswers<T>(ask: () => Promise<T>, { withinMs, whyNot }: AnswerOptions): Promise<T> {
  const endsAtMs = Date.now() + withinMs;
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      const reason = await whyNot();
      if (reason !== undefined) throw new Error(reason, { cause: error });
      if (Date.now() > endsAtMs) {
        throw new Error(`It did not answer within ${withinMs} ms: ${(error as Error).message}.`, { cause: error });
      }
    }
    await pause(pollMs);
  }
}
