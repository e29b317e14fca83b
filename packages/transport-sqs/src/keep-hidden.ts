import { extendLeases, maxHoldMs } from "./extend.ts";
import type { Held } from "./lease-table.ts";
import type { SqsContext } from "./sqs-context.ts";

/** Whose messages are kept, and for how long at a time. */
export interface Keeping {
  readonly context: SqsContext;
  readonly queue: string;
  readonly leaseMs: number;
}

/** Keeps messages hidden that wait here and that nobody has claimed yet: those whose lease has gone by a third. */
export async function keepHidden({ context, queue, leaseMs }: Keeping, held: readonly Held[]): Promise<void> {
  const nowMs = context.clock.monotonic();
  const ageing = held.filter(({ endsAtMs }) => endsAtMs - nowMs < (leaseMs * 2) / 3);
  if (ageing.length === 0) return;
  const known = await context.directory.require(queue);
  const leases = ageing.map(({ lease }) => lease);
  await extendLeases(context, { queue: known, leases, leaseMs, ceilingMs: maxHoldMs });
}
