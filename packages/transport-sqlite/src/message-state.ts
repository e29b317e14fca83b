/**
 * Where a message is, as the column `state` says. No value is 0 or 1, which SQLite stores without a byte: a change of state then keeps the
 * size of the row, and SQLite writes only the page that changed and not the whole body.
 *
 * | state | the column `at` |
 * |---|---|
 * | ready | since when |
 * | delayed | when it is due |
 * | leased | when the lease ends |
 * | suspect (ready, to be delivered alone) | since when |
 */
export const messageState = { ready: 2, delayed: 3, leased: 4, suspect: 5 } as const;
