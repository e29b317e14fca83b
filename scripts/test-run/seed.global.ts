import { randomInt } from "node:crypto";
import process from "node:process";
import type { TestProject } from "vitest/node";

const largestSeed = 2 ** 31;

/** Chooses the random seed of a test run, tells it, and hands it to every test file. `LOVAGE_SEED` repeats a run. */
export function setup(project: TestProject): void {
  const given = process.env["LOVAGE_SEED"];
  const seed = given === undefined ? randomInt(largestSeed) : Number(given);
  if (!Number.isSafeInteger(seed)) throw new Error(`LOVAGE_SEED is "${given}"; it must be a whole number.`);
  console.log(`Random seed ${seed}. LOVAGE_SEED=${seed} repeats it.`);
  project.provide("seed", seed);
}

declare module "vitest" {
  export interface ProvidedContext {
    /** The random seed of this test run: `inject("seed")`. fast-check has it already. */
    seed: number;
  }
}
