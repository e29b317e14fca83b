import type { Clock, Log } from "@lovage/foundation";

import type { Claims } from "./bodies/claims.ts";
import type { LeaseTable } from "./leases/lease-table.ts";
import type { QueueDirectory } from "./queues/queue-directory.ts";
import type { SqsApi } from "./sqs-api.ts";

/** What every operation of a store works with. */
export interface SqsContext {
  readonly api: SqsApi;
  readonly clock: Clock;
  readonly log: Log;
  readonly directory: QueueDirectory;
  readonly table: LeaseTable;
  /** Absent: what is too large for SQS is refused. */
  readonly claims: Claims | undefined;
}
