import { ackConcern } from "./cases/ack.ts";
import { adminConcern } from "./cases/admin.ts";
import { broadcastConcern } from "./cases/broadcast.ts";
import { capabilitiesConcern } from "./cases/capabilities.ts";
import { closeConcern } from "./cases/close.ts";
import { contentConcern } from "./cases/content.ts";
import { deadLettersConcern } from "./cases/dead-letters.ts";
import { declareConcern } from "./cases/declare.ts";
import { delayConcern } from "./cases/delay.ts";
import { exchangesConcern } from "./cases/exchanges.ts";
import { fairnessConcern } from "./cases/fairness.ts";
import { followUpsConcern } from "./cases/follow-ups.ts";
import { leaseLostConcern } from "./cases/lease-lost.ts";
import { limitsConcern } from "./cases/limits.ts";
import { noDuplicatesConcern } from "./cases/no-duplicates.ts";
import { orderConcern } from "./cases/order.ts";
import { parallelConcern } from "./cases/parallel.ts";
import { poisonConcern } from "./cases/poison.ts";
import { prefetchConcern } from "./cases/prefetch.ts";
import { priorityConcern } from "./cases/priority.ts";
import { publishConcern } from "./cases/publish.ts";
import { reconnectConcern } from "./cases/reconnect.ts";
import { redeliveryConcern } from "./cases/redelivery.ts";
import { releaseConcern } from "./cases/release.ts";
import { transactConcern } from "./cases/transact.ts";
import { transactionsConcern } from "./cases/transactions.ts";
import type { Concern } from "./transport-case.ts";

/** Every promise of the delivery contract, by concern. */
export const concerns: readonly Concern[] = [
  capabilitiesConcern,
  declareConcern,
  publishConcern,
  contentConcern,
  prefetchConcern,
  ackConcern,
  followUpsConcern,
  releaseConcern,
  deadLettersConcern,
  redeliveryConcern,
  noDuplicatesConcern,
  leaseLostConcern,
  poisonConcern,
  orderConcern,
  priorityConcern,
  fairnessConcern,
  delayConcern,
  exchangesConcern,
  broadcastConcern,
  adminConcern,
  limitsConcern,
  transactionsConcern,
  transactConcern,
  reconnectConcern,
  closeConcern,
  parallelConcern,
];
