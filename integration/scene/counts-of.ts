import type { App } from "lovage";

/** How many messages a queue has. */
export interface Counts {
  readonly ready: number;
  readonly delayed: number;
  readonly unsettled: number;
  readonly dead: number;
}

/** Counts of a queue; of what its broker does not count there is none. */
export async function countsOf(app: App, queue = "default"): Promise<Counts> {
  const { ready, delayed = 0, unsettled = 0, dead = 0 } = await app.queue(queue).stats();
  return { ready, delayed, unsettled, dead };
}
