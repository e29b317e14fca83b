import { browsedMessage, readBrowseOptions, type BrowseOptions, type BrowsePage } from "@lovage/transport";

import { readCursor, writeCursor, type RowCursor } from "./row-cursor.ts";
import { codesOf, type RowPages, type SeenRow } from "./row-pages.ts";

/** One page of a queue, seen without being delivered. */
export async function browseRows(queue: string, pages: RowPages, options: BrowseOptions): Promise<BrowsePage> {
  const { state, limit, cursor } = readBrowseOptions(options);
  const codes = codesOf(pages.states, state);
  const from = cursor === undefined ? undefined : readCursor(cursor, codes);
  // One more than asked for tells that there is another page.
  const seen = await readStates(pages, { codes, from, limit: limit + 1 });
  const messages = seen
    .slice(0, limit)
    .map((row) => browsedMessage(queue, { ...row, state, dueAtMs: state === "ready" ? undefined : row.atMs }));
  const last = seen[limit - 1];
  return seen.length > limit && last !== undefined ? { messages, next: writeCursor(last) } : { messages };
}

async function readStates(
  pages: RowPages,
  { codes, from, limit }: { codes: readonly number[]; from: RowCursor | undefined; limit: number },
): Promise<readonly SeenRow[]> {
  const seen: SeenRow[] = [];
  for (const state of codes.slice(from === undefined ? 0 : codes.indexOf(from.state))) {
    if (seen.length === limit) break;
    const after = state === from?.state ? from.place : undefined;
    seen.push(...(await pages.read({ state, after, limit: limit - seen.length })));
  }
  return seen;
}
