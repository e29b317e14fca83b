import type { Arrival } from "../message/arrival.ts";
import type { Choice } from "./choice.ts";
import { deleteAll } from "../calls/delete.ts";
import type { KnownQueue } from "../queues/queue-directory.ts";
import { scan } from "./scan.ts";
import type { SqsContext } from "../sqs-context.ts";

/** Of what was to be done with some messages, that which was done. */
export interface Done {
  readonly arrivals: readonly Arrival[];
  /** Why it was not done with the others. */
  readonly error?: Error | undefined;
}

/** What is done with messages that are taken away, some ten at a time. */
export interface Removal {
  /** Those with which it is not done stay. */
  readonly before?: (arrivals: readonly Arrival[]) => Promise<Done>;
  readonly after?: (arrivals: readonly Arrival[]) => Promise<void>;
  /** What it means that these could not be removed. */
  readonly leftError?: (arrivals: readonly Arrival[], cause: Error) => Error;
}

/** Takes messages away. Where that fails for some, the others are gone, and nothing more is begun. @returns how many */
export async function removeChosen(
  context: SqsContext,
  { queue, choice, removal }: { readonly queue: KnownQueue; readonly choice: Choice; readonly removal: Removal },
): Promise<number> {
  let removed = 0;
  let error: Error | undefined;
  await scan(context, {
    queue,
    most: choice.most,
    isEnough: () => error !== undefined || choice.isEnough(),
    visit: async (arrivals) => {
      const done = await remove(context, queue, choice.choose(arrivals), removal);
      error = done.error;
      removed += done.arrivals.length;
      return done.arrivals;
    },
  });
  if (error !== undefined) throw error;
  return removed;
}

async function remove(
  { api }: SqsContext,
  queue: KnownQueue,
  chosen: readonly Arrival[],
  { before = async (arrivals) => ({ arrivals }), after = async () => {}, leftError = (_, cause) => cause }: Removal,
): Promise<Done> {
  const { arrivals, error } = await before(chosen);
  const failures = await deleteAll(
    api,
    queue,
    arrivals.map(({ handle }) => handle),
  );
  const [first] = failures;
  const leftIndices = new Set(failures.map(({ index }) => index));
  const left = arrivals.filter((_, index) => leftIndices.has(index));
  const gone = arrivals.filter((_, index) => !leftIndices.has(index));
  await after(gone);
  return { arrivals: gone, error: first === undefined ? error : leftError(left, first.error) };
}
