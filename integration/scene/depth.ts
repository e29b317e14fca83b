import process from "node:process";
import type { Pace } from "../brokers/broker.ts";

/** At which scale the fault matrix runs. */
export interface Depth {
  readonly name: "tenth" | "full";
  /** L and S. */
  readonly pace: Pace;
  /** How many times as long waits may take as they are written, which is for a tenth. */
  readonly patience: number;
  /** So many at full scale; what this depth takes of it. */
  of(full: number): number;
}

const depths: Readonly<Record<Depth["name"], Depth>> = {
  tenth: { name: "tenth", pace: { leaseMs: 3_000, sweepMs: 500 }, patience: 1, of: (full) => Math.ceil(full / 10) },
  full: { name: "full", pace: { leaseMs: 30_000, sweepMs: 5_000 }, patience: 10, of: (full) => full },
};

/** `LOVAGE_TEST_DEPTH`: `tenth`, which `npm test` runs, or `full`, which `./run matrix --full` does. */
export const depth: Depth = read(process.env["LOVAGE_TEST_DEPTH"] ?? "tenth");

function read(name: string): Depth {
  if (name === "tenth" || name === "full") return depths[name];
  throw new Error(`LOVAGE_TEST_DEPTH is "${name}"; it must be "tenth" or "full".`);
}
