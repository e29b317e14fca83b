import type { Clock } from "@lovage/foundation";
import type { AsyncResult } from "../../result/async-result.ts";
import { printNote } from "./print.ts";

/** Longer, and whoever looks at a silent terminal begins to wonder. */
const quietMs = 5_000;

/** How a result is waited for. */
export interface AwaitOptions {
  readonly clock: Clock;
  /** In ms; `undefined`: for ever. */
  readonly timeout: number | undefined;
}

/**
 * What a task returned, `null` for nothing. Whoever waits for long is told for which call: with no worker there, it would be for ever, and without a word.
 * @throws what `get` throws
 */
export async function awaitResult(
  result: Pick<AsyncResult<unknown>, "id" | "get">,
  { clock, timeout }: AwaitOptions,
): Promise<unknown> {
  const note = `lovage: waiting for the result of task ${result.id}. Is a worker running? Ctrl-C ends the waiting, not the task.\n`;
  const timer = clock.timer(quietMs, () => void printNote(note), { keepAlive: false });
  try {
    return (await result.get({ timeout })) ?? null;
  } finally {
    timer.cancel();
  }
}
