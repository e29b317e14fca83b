import type { VirtualClock } from "@lovage/foundation";
import type { Consumer } from "@lovage/transport";

import { engineBench, type EngineBench } from "./engine-bench.ts";
import { FreezableClock } from "./freezable-clock.ts";

/** A bench with a clock that can be frozen, and one message held. */
export async function frozenBench(): Promise<{
  readonly bench: EngineBench;
  readonly own: () => FreezableClock;
  readonly consumer: Consumer;
}> {
  let own: FreezableClock | undefined;
  const clockOf = (clock: VirtualClock): FreezableClock => (own ??= new FreezableClock(clock));
  const bench = await engineBench({ clockOf });
  bench.store.put("q", ["a"]);
  const consumer = await bench.consume({ prefetch: 1 });
  return { bench, own: () => own ?? clockOf(bench.clock), consumer };
}
