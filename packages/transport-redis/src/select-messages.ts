import type { MessageSelection, MessageState } from "@lovage/transport";

import { readPage, type SeenMessage } from "./pages.ts";
import { seekDelayed, seekReady } from "./seek.ts";
import type { Server } from "./server.ts";

const pageSize = 200;
/** Each is looked for from an end of its list, so that of those behind so many only half as many are taken away in one step, which stops the server. */
const searchedAtEase = 10_000;
const waiting: readonly MessageState[] = ["ready", "delayed"];

/**
 * Acts on the waiting messages that were selected, some at a time.
 * @param act Takes these messages away, and tells how many it found.
 * @returns How many were found.
 */
export async function forSelected(
  server: Server,
  { queue, selection }: { readonly queue: string; readonly selection: MessageSelection },
  act: (messages: readonly SeenMessage[]) => Promise<number>,
): Promise<number> {
  let done = 0;
  if ("first" in selection) {
    for (const state of waiting) done += await forFirst(server, { queue, state, count: selection.first - done }, act);
    return done;
  }
  const ids = new Set(selection.messageIds);
  // What becomes due meanwhile is looked for once more where it went.
  for (const seek of [seekDelayed, seekReady]) done += await forIds(seek(server, queue), ids, act);
  return done;
}

/** What was dealt with is gone, so each round begins at the beginning; one that finds nothing is the last. */
async function forFirst(
  server: Server,
  { queue, state, count }: { readonly queue: string; readonly state: MessageState; readonly count: number },
  act: (messages: readonly SeenMessage[]) => Promise<number>,
): Promise<number> {
  let done = 0;
  while (done < count) {
    const { messages } = await readPage(server, { queue, state, limit: Math.min(pageSize, count - done) });
    const found = messages.length === 0 ? 0 : await act(messages);
    if (found === 0) break;
    done += found;
  }
  return done;
}

/** Finds them all before it touches one, so that places do not move under its feet. */
async function forIds(
  pages: AsyncIterable<readonly SeenMessage[]>,
  ids: ReadonlySet<string>,
  act: (messages: readonly SeenMessage[]) => Promise<number>,
): Promise<number> {
  const batches: SeenMessage[][] = [[]];
  let seen = 0;
  for await (const page of pages) {
    seen += page.length;
    for (const each of page.filter(({ message }) => ids.has(message.properties.messageId))) {
      const batch = batches.at(-1) ?? [];
      if (batch.length < pageSize / (1 + seen / searchedAtEase)) batch.push(each);
      else batches.push([each]);
    }
  }
  let done = 0;
  for (const batch of batches) if (batch.length > 0) done += await act(batch);
  return done;
}
