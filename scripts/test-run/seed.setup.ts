import process from "node:process";
import { configureGlobal, readConfigureGlobal } from "fast-check";
import { inject } from "vitest";

/** How often a property is tried that does not say so itself; rare inputs want `LOVAGE_PROPERTY_RUNS=5000` once in a while. */
const numRuns = Number(process.env["LOVAGE_PROPERTY_RUNS"] ?? 100);

configureGlobal({ ...readConfigureGlobal(), seed: inject("seed"), numRuns });
