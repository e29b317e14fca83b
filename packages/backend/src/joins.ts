/** A join to wait for: `size` members, each with a place. */
export interface JoinOpening {
  readonly joinId: string;
  readonly size: number;
  /** Kept for this long after the last arrival. */
  readonly expiresInMs: number;
}

/** A member that arrives. */
export interface JoinArrival {
  readonly joinId: string;
  /** Who arrives; a second arrival of the same member changes nothing. */
  readonly memberId: string;
  /** Place in the order of `members`. */
  readonly index: number;
  /** What the member brings, JSON text. */
  readonly payload: string;
}

/** What an arrival found. */
export interface JoinProgress {
  /** `false`: no such join (closed, expired, never opened); nothing was recorded. */
  readonly known: boolean;
  readonly arrived: number;
  readonly size: number;
  /**
   * This member is the one that completed the join. It is told so again at every repetition until the join is closed, so that a crash between
   * arriving and acting on it loses nothing.
   */
  readonly completes: boolean;
}

/** A member that has arrived. */
export interface JoinMember {
  readonly memberId: string;
  readonly index: number;
  readonly payload: string;
}

/** Fan-in: many tasks arrive, one of them goes on. Each method is atomic in the store. All throw `BACKEND_UNAVAILABLE`, and `OPTION_INVALID` before any I/O (`checkedJoins`) for an id that is empty or has a zero character (U+0000). */
export interface Joins {
  /** Idempotent: an open join keeps its size and members. */
  open(opening: JoinOpening): Promise<void>;
  arrive(arrival: JoinArrival): Promise<JoinProgress>;
  /** Those that have arrived, by index, then by member id. Empty for an unknown join. */
  members(joinId: string): Promise<readonly JoinMember[]>;
  /** Removes it. Idempotent. */
  close(joinId: string): Promise<void>;
}
