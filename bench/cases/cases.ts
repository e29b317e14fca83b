import { storeNames } from "../peers/store.ts";
import { backlog } from "./backlog.ts";
import type { BenchCase } from "./bench-case.ts";
import { drain } from "./drain.ts";
import { enqueueBulk } from "./enqueue-bulk.ts";
import { enqueueConcurrent } from "./enqueue-concurrent.ts";
import { enqueueSingle } from "./enqueue-single.ts";
import { install } from "./install.ts";
import { roundtrip } from "./roundtrip.ts";
import { schedule } from "./schedule.ts";
import { startLatency } from "./start-latency.ts";
import { storedBytes } from "./stored-bytes.ts";
import { workerMemory } from "./worker-memory.ts";

/** All cases, in the order in which they are run and printed. */
export const cases: readonly BenchCase[] = [
  enqueueSingle,
  enqueueConcurrent,
  enqueueBulk,
  drain({
    name: "drain-1",
    title: "Drain a full queue with 1 worker process, every job acknowledged",
    processes: 1,
    stores: storeNames,
  }),
  drain({
    name: "drain-4",
    title: "Drain a full queue with 4 worker processes, every job acknowledged",
    processes: 4,
    stores: storeNames.filter((store) => store !== "memory" && store !== "rabbitmq-classic"),
  }),
  drain({
    name: "drain-defaults",
    title: "Drain a full queue with 1 worker process, everybody as they come",
    processes: 1,
    stores: ["redis", "postgres", "rabbitmq-classic", "sqs"],
  }),
  startLatency,
  roundtrip({
    lanes: 1,
    headline: "p50Ms",
    isBetter: "less",
    sizes: { quick: 20, full: 500, of: { memory: 2_000 } },
  }),
  roundtrip({
    lanes: 50,
    headline: "perSecond",
    isBetter: "more",
    sizes: { quick: 200, full: 5_000, of: { memory: 20_000, redis: 20_000 } },
  }),
  schedule,
  backlog,
  storedBytes,
  workerMemory,
  install,
];

/** @throws Error when there is no case of this name */
export function findCase(name: string): BenchCase {
  const found = cases.find((one) => one.name === name);
  if (found === undefined)
    throw new Error(`There is no case ${name}; there are ${cases.map((one) => one.name).join(", ")}.`);
  return found;
}
