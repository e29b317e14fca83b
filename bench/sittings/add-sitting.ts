import { hasAll } from "./sitting.ts";
import type { Sitting } from "./sitting.ts";

/**
 * A sitting beside those of before, of one case. One of before goes when this has measured all its peers; otherwise both stay whole, so that each ratio is of one
 * sitting.
 */
export function addSitting(before: readonly Sitting[], added: Sitting): readonly Sitting[] {
  return [...before.filter((sitting) => !replaces(added, sitting)), added];
}

function replaces(added: Sitting, before: Sitting): boolean {
  if (added.case !== before.case || added.store !== before.store) return false;
  const failedAgain = Object.keys(before.failed).every((peer) => hasAll(added, [peer]) || peer in added.failed);
  return (
    failedAgain &&
    hasAll(
      added,
      before.results.map(({ peer }) => peer),
    )
  );
}
