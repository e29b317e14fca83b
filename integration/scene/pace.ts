import type { Pace } from "../brokers/broker.ts";

/** What the tests run with: a tenth of the lease and the sweep of the fault matrix. */
export const pace: Pace = { leaseMs: 3_000, sweepMs: 500 };
