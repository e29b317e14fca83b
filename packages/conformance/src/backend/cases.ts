import type { BackendConcern } from "./backend-case.ts";
import { bucketCases } from "./buckets.ts";
import { callerCases } from "./caller.ts";
import { closeCases } from "./close.ts";
import { expiryCases } from "./expiry.ts";
import { fenceCases } from "./fences.ts";
import { holdCases } from "./holds.ts";
import { joinCases } from "./joins.ts";
import { keyCases } from "./keys.ts";
import { parallelCases } from "./parallel.ts";
import { refusalCases } from "./refusals.ts";
import { resultCases } from "./results.ts";
import { revocationCases } from "./revocations.ts";
import { scheduleCases } from "./schedules.ts";
import { watchCases } from "./watch.ts";

/** Every case, by concern. */
export const concerns: readonly BackendConcern[] = [
  resultCases,
  fenceCases,
  watchCases,
  callerCases,
  revocationCases,
  expiryCases,
  joinCases,
  holdCases,
  bucketCases,
  keyCases,
  scheduleCases,
  refusalCases,
  closeCases,
  parallelCases,
];
