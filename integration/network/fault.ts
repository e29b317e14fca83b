/** One way of a connection: `up` to the server, `down` to the client. */
export type Way = "up" | "down";

/** What happens to what goes one way. All of it together, where several are given. */
export interface WayFault {
  /** Delay of everything. It delays without slowing: the order is kept, and much may be on its way. @default 0 */
  readonly latencyMs?: number;
  /** Up to so much more delay, evenly distributed; the order is kept. @default 0 */
  readonly jitterMs?: number;
  /** The rate at which bytes arrive. @default no limit */
  readonly bytesPerSecond?: number;
  /**
   * Nothing arrives while this is so, and nobody is told. What was sent meanwhile arrives afterwards, as TCP sends it
   * again, unless the connection was given up. Past 1 MiB the sender is held back. @default false
   */
  readonly isBlackHole?: boolean;
  /** Every connection is reset after so many more bytes, counted from when this was set: a truncated frame. */
  readonly cutAfterBytes?: number;
}

/** What is wrong with the network. Nothing, where nothing is given. */
export interface Fault {
  readonly up?: WayFault;
  readonly down?: WayFault;
  /** New connections are reset, and those that are open are cut when this is set. @default false */
  readonly isDown?: boolean;
}

/** The same fault both ways. */
export function bothWays(fault: WayFault): Fault {
  return { up: fault, down: fault };
}
