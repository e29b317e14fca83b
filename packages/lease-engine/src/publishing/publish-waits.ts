/** How the waits grow between attempts to publish. */
export const publishWaits = { baseMs: 20, maxMs: 2_000, jitter: "equal" } as const;
