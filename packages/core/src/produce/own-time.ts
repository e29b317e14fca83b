/** Names, among the options of a call, when it is sent by a better clock than this machine's. A symbol: no option that a user gives can be it. */
export const sentAt: unique symbol = Symbol("when a call is sent");

/** Options of a call whose `expires` counts by another clock. */
export interface OwnTime {
  /** Unix ms. @default this machine's time */
  readonly [sentAt]?: number | undefined;
}
