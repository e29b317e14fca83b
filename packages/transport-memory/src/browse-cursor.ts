import { OptionError } from "@lovage/foundation";
import type { MessageState } from "@lovage/transport";

import type { StoredMessage } from "./stored-message.ts";

/** Where a message is in the order of its state: by the first number, then by the second. It stays when the message goes. */
export type BrowsePlace = readonly [rank: number, seq: number];

const highestPriority = 9;
const suspectRank = highestPriority + 1;

/** The place of a message in {@link MemoryQueue.list}. */
export function placeOf({ seq, priority, isSuspect, atMs }: StoredMessage, state: MessageState): BrowsePlace {
  if (state === "delayed") return [atMs, seq];
  if (state === "unsettled") return [0, seq];
  return [isSuspect ? suspectRank : highestPriority - priority, seq];
}

/** Whether a place comes after another. */
export function isBehind([rank, seq]: BrowsePlace, [otherRank, otherSeq]: BrowsePlace): boolean {
  return rank > otherRank || (rank === otherRank && seq > otherSeq);
}

/** A place as text for the user to hand back. */
export function writeCursor([rank, seq]: BrowsePlace, state: MessageState): string {
  return `${state},${rank},${seq}`;
}

/** @throws OptionError (`OPTION_INVALID`) for a text that is no cursor of {@link writeCursor} for this state */
export function readCursor(text: string, state: MessageState): BrowsePlace {
  const [ofState, rank = "", seq = "", ...rest] = text.split(",");
  const isPlace = [rank, seq].every((field) => field !== "" && Number.isFinite(Number(field)));
  if (ofState === state && isPlace && rest.length === 0) return [Number(rank), Number(seq)];
  throw new OptionError("cursor must be the `next` of the page before.", { field: "cursor" });
}
