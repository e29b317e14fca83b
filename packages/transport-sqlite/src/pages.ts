import type { SqliteConnection } from "@lovage/client-sqlite";
import { OptionError } from "@lovage/foundation";
import type { Message, MessageState } from "@lovage/transport";

import { messageState } from "./message-state.ts";
import { readMessage } from "./read-message.ts";

type StateCode = (typeof messageState)[keyof typeof messageState];

/** A message as administration sees it. */
export interface SeenMessage {
  readonly id: number;
  readonly state: StateCode;
  readonly atMs: number;
  readonly losses: number;
  readonly message: Message;
  readonly place: Place;
}

/** Where in the index of its state a message is: `[urgency, key, place, id]` for ready ones, `[at, "", 0, id]` for others. */
type Place = readonly [number, string, number, number];

/** The next page begins behind this message. */
export interface PageCursor {
  readonly state: StateCode;
  readonly place: Place;
}

/** Which rows each of the contract's states means, in order of delivery. */
export const statesOf: Readonly<Record<MessageState, readonly [StateCode, ...StateCode[]]>> = {
  ready: [messageState.ready, messageState.suspect],
  delayed: [messageState.delayed],
  unsettled: [messageState.leased],
};

const columns = "SELECT id, urgency, key, place, at, losses, frame FROM lovage_messages";
const readySql = `${columns} WHERE queue = ? AND state = 2 AND (urgency, key, place, id) > (?, ?, ?, ?) ORDER BY urgency, key, place, id LIMIT ?`;
const heldSql = `${columns} WHERE queue = ? AND state = ? AND state > 2 AND (at, id) > (?, ?) ORDER BY at, id LIMIT ?`;

/** Messages of a queue in one state, in the order of its index, behind `after`. */
export function readPage(
  db: SqliteConnection,
  request: {
    readonly queue: number;
    readonly state: StateCode;
    readonly after?: Place | undefined;
    readonly limit: number;
  },
): Promise<SeenMessage[]> {
  const { queue, state, after = [-1, "", 0, 0], limit } = request;
  const isReady = state === messageState.ready;
  return db.read(() => {
    const rows = isReady
      ? db.statement(readySql).all(queue, ...after, limit)
      : db.statement(heldSql).all(queue, state, after[0], after[3], limit);
    return rows.map((row) => {
      const id = Number(row["id"]);
      const atMs = Number(row["at"]);
      const place: Place = isReady
        ? [Number(row["urgency"]), String(row["key"]), Number(row["place"]), id]
        : [atMs, "", 0, id];
      return {
        id,
        state,
        atMs,
        losses: Number(row["losses"]),
        message: readMessage(id, row["frame"] as Uint8Array),
        place,
      };
    });
  });
}

/** A cursor as text for the user to hand back. */
export function writeCursor({ state, place }: PageCursor): string {
  return Buffer.from(JSON.stringify([state, ...place])).toString("base64url");
}

/** @throws OptionError (`OPTION_INVALID`) for a text that is no cursor of {@link writeCursor} */
export function readCursor(text: string): PageCursor {
  const fields = parse(Buffer.from(text, "base64url").toString());
  const [state, first, key, place, id] = Array.isArray(fields) ? (fields as unknown[]) : [];
  const isState = Object.values<unknown>(messageState).includes(state);
  if (
    isState &&
    typeof first === "number" &&
    typeof key === "string" &&
    typeof place === "number" &&
    typeof id === "number"
  ) {
    return { state: state as StateCode, place: [first, key, place, id] };
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
