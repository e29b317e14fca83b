import { BackendUnavailableError, type PutOutcome, type ResultPut } from "@lovage/backend";
import { asError } from "@lovage/foundation";

import { isOfOneNode } from "./errors.ts";

/**
 * Writes records that are on several nodes, those of one task one after the other.
 * @throws BACKEND_UNAVAILABLE with the outcomes of the others where some could not be written because of their node; else the first error that is not of that kind
 */
export async function putApart(
  puts: readonly ResultPut[],
  write: (put: ResultPut) => Promise<PutOutcome>,
): Promise<readonly PutOutcome[]> {
  const outcomes = puts.map((): PutOutcome | undefined => undefined);
  const failures: unknown[] = [];
  const byTask = Map.groupBy(puts.entries(), ([, { taskId }]) => taskId);
  const writing = [...byTask.values()].map(async (ofOne) => {
    try {
      for (const [place, put] of ofOne) outcomes[place] = await write(put);
    } catch (error) {
      failures.push(error);
    }
  });
  await Promise.all(writing);
  const ofWhole = failures.find((error) => !isOfOneNode(error));
  if (ofWhole !== undefined) throw asError(ofWhole);
  const first = failures.find(isOfOneNode);
  if (first !== undefined) throw new BackendUnavailableError(first.message, { cause: first, outcomes });
  return outcomes.filter((outcome) => outcome !== undefined);
}
