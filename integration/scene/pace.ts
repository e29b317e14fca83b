import type { Pace } from "../brokers/broker.ts";
import { depth } from "./depth.ts";

/** What the tests run with: those of the fault matrix at full depth, a tenth of them otherwise. */
export const pace: Pace = depth.pace;

/** Leases as users have them, for rows that are not about leases: on a machine that stands still for some seconds none of theirs must end. */
export const unhurriedPace: Pace = { leaseMs: 30_000, sweepMs: pace.sweepMs };
