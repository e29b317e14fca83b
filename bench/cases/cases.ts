import type { BenchCase } from "./bench-case.ts";
import { drain } from "./drain.ts";
import { enqueueBulk } from "./enqueue-bulk.ts";
import { enqueueConcurrent } from "./enqueue-concurrent.ts";
import { enqueueSingle } from "./enqueue-single.ts";
import { roundtrip } from "./roundtrip.ts";
import { schedule } from "./schedule.ts";
import { startLatency } from "./start-latency.ts";

/** All cases, in the order in which they are run and printed. */
export const cases: readonly BenchCase[] = [
  enqueueSingle,
  enqueueConcurrent,
  enqueueBulk,
  drain(1, ["sqlite", "memory"]),
  drain(4, ["sqlite"]),
  startLatency,
  roundtrip(1, { headline: "p50Ms", memory: 2_000, sqlite: 500, quick: 20 }),
  roundtrip(50, { headline: "perSecond", memory: 20_000, sqlite: 5_000, quick: 200 }),
  schedule,
];

/** @throws Error when there is no case of this name */
export function findCase(name: string): BenchCase {
  const found = cases.find((one) => one.name === name);
  if (found === undefined)
    throw new Error(`There is no case ${name}; there are ${cases.map((one) => one.name).join(", ")}.`);
  return found;
}
