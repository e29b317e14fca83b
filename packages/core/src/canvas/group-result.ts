import type { AsyncResult, CancelOptions, GetOptions } from "../result/async-result.ts";
import { checkGetOptions } from "../result/check-get-options.ts";

/** What becomes of a group that was sent: the results of its members, in their order. */
export interface GroupResult<Results extends readonly unknown[]> {
  /** Id of the group. */
  readonly id: string;
  /** One for each member. */
  readonly results: { readonly [Index in keyof Results]: AsyncResult<Results[Index]> };
  /** Waits for all. Rejects as soon as one cannot be had, with what its `get` throws. */
  get(options?: GetOptions): Promise<Results>;
  /** Whether all have ended. */
  ready(): Promise<boolean>;
  /** Whether all have ended with SUCCESS. */
  successful(): Promise<boolean>;
  /** Cancels all; gives back, for each, whether it came in time. */
  cancel(options?: CancelOptions): Promise<readonly boolean[]>;
}

/** The results of these members as one. */
export function createGroupResult(
  id: string,
  results: readonly AsyncResult<unknown>[],
): GroupResult<readonly unknown[]> {
  const all = <T>(ask: (result: AsyncResult<unknown>) => Promise<T>): Promise<T[]> => Promise.all(results.map(ask));
  return {
    id,
    results,
    get: (options) => getAll(results, options),
    ready: async () => (await all((result) => result.ready())).every(Boolean),
    successful: async () => (await all((result) => result.successful())).every(Boolean),
    cancel: (options) => all((result) => result.cancel(options)),
  };
}

/** After the first failure nobody asks for the others, whose timers and watches would stay. */
async function getAll(results: readonly AsyncResult<unknown>[], options: GetOptions = {}): Promise<unknown[]> {
  const { timeoutMs: timeout, signal: given } = checkGetOptions(options);
  const over = new AbortController();
  const signal = given === undefined ? over.signal : AbortSignal.any([given, over.signal]);
  try {
    return await Promise.all(results.map((result) => result.get({ timeout, signal })));
  } finally {
    over.abort();
  }
}
