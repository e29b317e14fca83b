import { hasCode, isLovageError } from "@lovage/foundation";

import { PublishError, type PublishFailure } from "./errors.ts";

/** What a call of `publish` rejects with, as its contract says: the one reason for all of it, or what became of which message. At least one has failed. */
export function failureOfPublish(failures: readonly PublishFailure[], batchSize: number): Error {
  const first = failures[0]?.error;
  const isOneReason = failures.length === batchSize && failures.every(({ error }) => isSameReason(error, first));
  if (isOneReason && first !== undefined) return first;
  return new PublishError(
    failures.toSorted((a, b) => a.index - b.index),
    batchSize,
  );
}

/** Parts of a call that went different ways may each have an error of its own for the same thing. */
function isSameReason(error: Error, first: Error | undefined): boolean {
  return error === first || (isLovageError(error) && hasCode(first, error.code) && first.message === error.message);
}
