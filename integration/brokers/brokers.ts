import type { Broker } from "./broker.ts";
import { memory } from "./memory.ts";
import { sqlite } from "./sqlite.ts";

/** All brokers that the fault matrix is run against. */
export const brokers: readonly Broker[] = [sqlite, memory];
