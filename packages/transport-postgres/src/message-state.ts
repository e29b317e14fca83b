/**
 * Where a message is, as the column `state` says. The values stand in the index definitions and in the functions of the schema.
 *
 * | state | the column `at` |
 * |---|---|
 * | ready | since when |
 * | delayed | when it is due |
 * | leased | when the lease ends |
 * | suspect (ready, to be delivered alone) | since when |
 */
export const messageState = { ready: 0, delayed: 1, leased: 2, suspect: 3 } as const;
