import type { Pace } from "../brokers/broker.ts";
import { depth } from "./depth.ts";

/** What the tests run with: those of the fault matrix at full depth, a tenth of them otherwise. */
export const pace: Pace = depth.pace;
