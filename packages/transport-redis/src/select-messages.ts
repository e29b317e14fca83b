import type { MessageSelection, MessageState } from "@lovage/transport";

import { readPage, type Place, type SeenMessage } from "./pages.ts";
import type { Server } from "./server.ts";

const pageSize = 200;
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
  for (const state of waiting) {
    if ("first" in selection) done += await forFirst(server, { queue, state, count: selection.first - done }, act);
    else done += await forIds(server, { queue, state, ids: new Set(selection.messageIds) }, act);
  }
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
  server: Server,
  { queue, state, ids }: { readonly queue: string; readonly state: MessageState; readonly ids: ReadonlySet<string> },
  act: (messages: readonly SeenMessage[]) => Promise<number>,
): Promise<number> {
  const chosen: SeenMessage[] = [];
  let from: Place | undefined = state === "ready" ? [0, 0, 0] : [0];
  while (from !== undefined) {
    const page = await readPage(server, { queue, state, from, limit: pageSize });
    chosen.push(...page.messages.filter(({ message }) => ids.has(message.properties.messageId)));
    from = page.next;
  }
  let done = 0;
  for (let at = 0; at < chosen.length; at += pageSize) done += await act(chosen.slice(at, at + pageSize));
  return done;
}
