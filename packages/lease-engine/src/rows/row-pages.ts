import type { Message, MessageState } from "@lovage/transport";

/** The codes of the column `state`, for a store that keeps its messages as rows of a table. */
export interface RowStates {
  readonly ready: number;
  readonly delayed: number;
  readonly leased: number;
  /** Ready, to be delivered alone. */
  readonly suspect: number;
}

/** Where in the index of its state a row is: `[urgency, key, place, id]` for ready ones, `[at, "", 0, id]` for others. */
export type RowPlace = readonly [number, string, number, number];

/** A message as administration sees it. */
export interface SeenRow {
  readonly id: number;
  readonly state: number;
  /** Since when it is ready, when it is due, or when its lease ends. */
  readonly atMs: number;
  readonly losses: number;
  readonly message: Message;
  readonly place: RowPlace;
}

/** Which rows of a queue are read. */
export interface RowPageRequest {
  readonly state: number;
  /** Rows behind this place; from the first one if absent. */
  readonly after?: RowPlace | undefined;
  readonly limit: number;
}

/** The messages of one queue as rows, to be read page by page. */
export interface RowPages {
  readonly states: RowStates;
  /** Rows in one state, in the order of its index. */
  read(request: RowPageRequest): Promise<readonly SeenRow[]>;
}

/** Which rows each of the contract's states means, in order of delivery. */
export function codesOf({ ready, suspect, delayed, leased }: RowStates, state: MessageState): readonly number[] {
  return { ready: [ready, suspect], delayed: [delayed], unsettled: [leased] }[state];
}
