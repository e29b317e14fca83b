import type { Clock } from "@lovage/foundation";

import { MemoryBroker } from "./memory-broker.ts";

interface Shared {
  readonly broker: MemoryBroker;
  connections: number;
}

/**
 * The brokers of this process. Global on purpose: a name must mean the same broker to every connection here. A broker belongs to one clock, so that programs under
 * different virtual clocks do not see each other.
 */
const brokers = new WeakMap<Clock, Map<string, Shared>>();

/** The broker of a name, made for the first connection that asks. */
export function acquireBroker(name: string, clock: Clock): MemoryBroker {
  const byName = brokers.get(clock) ?? new Map<string, Shared>();
  brokers.set(clock, byName);
  const shared = byName.get(name) ?? { broker: new MemoryBroker(clock), connections: 0 };
  byName.set(name, shared);
  shared.connections += 1;
  return shared.broker;
}

/** A connection was closed; with the last one the broker is gone, and all it held. */
export function releaseBroker(name: string, clock: Clock): void {
  const byName = brokers.get(clock);
  const shared = byName?.get(name);
  if (byName === undefined || shared === undefined) return;
  shared.connections -= 1;
  if (shared.connections === 0) byName.delete(name);
}
