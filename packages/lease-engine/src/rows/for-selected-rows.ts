import type { MessageSelection } from "@lovage/transport";

import { codesOf, type RowPages, type RowPlace, type SeenRow } from "./row-pages.ts";

const pageSize = 500;

/**
 * Acts on the waiting messages that were selected, page by page, so that no lock is held for long.
 * @param act Deals with these messages in a transaction of its own, and tells how many it found unchanged.
 * @returns How many were dealt with.
 */
export async function forSelectedRows(
  pages: RowPages,
  selection: MessageSelection,
  act: (rows: readonly SeenRow[]) => Promise<number>,
): Promise<number> {
  const ids = "messageIds" in selection ? new Set(selection.messageIds) : undefined;
  const most = "first" in selection ? selection.first : Number.POSITIVE_INFINITY;
  let done = 0;
  for (const state of [...codesOf(pages.states, "ready"), ...codesOf(pages.states, "delayed")]) {
    let after: RowPlace | undefined;
    do {
      const page = await pages.read({ state, after, limit: pageSize });
      after = page.length === pageSize ? page.at(-1)?.place : undefined;
      const chosen = ids === undefined ? page : page.filter(({ message }) => ids.has(message.properties.messageId));
      const allowed = chosen.slice(0, most - done);
      if (allowed.length > 0) done += await act(allowed);
    } while (after !== undefined && done < most);
  }
  return done;
}
