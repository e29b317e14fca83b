import { OptionError } from "@lovage/foundation";

import type { RowPlace, SeenRow } from "./row-pages.ts";

/** The next page begins behind this row. */
export interface RowCursor {
  readonly state: number;
  readonly place: RowPlace;
}

/** A cursor as text for the user to hand back. */
export function writeCursor({ state, place }: Pick<SeenRow, "state" | "place">): string {
  return Buffer.from(JSON.stringify([state, ...place])).toString("base64url");
}

/**
 * @param codes The states that the page asked for has.
 * @throws OptionError (`OPTION_INVALID`) for a text that is no cursor of {@link writeCursor} for one of them
 */
export function readCursor(text: string, codes: readonly number[]): RowCursor {
  const fields = parse(Buffer.from(text, "base64url").toString());
  const [state, first, key, place, id] = Array.isArray(fields) ? (fields as unknown[]) : [];
  const isPlace = [first, place, id].every((number) => Number.isSafeInteger(number));
  if (codes.includes(state as number) && isPlace && typeof key === "string") {
    return { state: state as number, place: [first, key, place, id] as unknown as RowPlace };
  }
  throw new OptionError("cursor must be the `next` of the page before.", { field: "cursor" });
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    // Not a cursor: the caller says so.
    return undefined;
  }
}
