import { extendLeases, maxHoldMs } from "./extend.ts";
import type { Held } from "./lease-table.ts";
import type { SqsContext } from "../sqs-context.ts";

/** Whose messages are kept, and for how long at a time. */
export interface Keeping {
  readonly context: SqsContext;
  readonly queue: string;
  readonly leaseMs: number;
}

/** Keeps messages hidden that wait here and that nobody has claimed yet, a call at a time: a queue with which SQS takes its time is not asked the more for that. */
export class HiddenKeeper {
  readonly #options: Keeping;
  #isAsking = false;

  constructor(options: Keeping) {
    this.#options = options;
  }

  /** See {@link keepHidden}. */
  async keep(held: readonly Held[]): Promise<void> {
    if (this.#isAsking) return;
    this.#isAsking = true;
    await keepHidden(this.#options, held);
    this.#isAsking = false;
  }
}

/** Prolongs those leases that have gone by a third. Never rejects. */
export async function keepHidden({ context, queue, leaseMs }: Keeping, held: readonly Held[]): Promise<void> {
  const nowMs = context.clock.monotonic();
  const ageing = held.filter(({ endsAtMs }) => endsAtMs - nowMs < (leaseMs * 2) / 3);
  if (ageing.length === 0) return;
  const leases = ageing.map(({ lease }) => lease);
  try {
    const known = await context.directory.require(queue);
    await extendLeases(context, { queue: known, leases, leaseMs, ceilingMs: maxHoldMs });
  } catch (error) {
    const text = `${leases.length} messages of queue "${queue}" that wait here could not be kept hidden; it is tried again until their leases end.`;
    context.log.warn(text, { error: String(error) });
  }
}
