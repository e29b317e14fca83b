import { defineStatement, nowMsOnce } from "@lovage/client-postgres";

import type { Database } from "./database.ts";
import type { QueueRow } from "./queue-row.ts";

/** As many as a page shows at most. */
const batchSize = 1_000;

/** Makes ready what is due, as a claim would. */
export async function promoteDue({ client, statements: { schema } }: Database, { id }: QueueRow): Promise<void> {
  const statement = defineStatement(
    `UPDATE ${schema}.messages SET state = CASE WHEN suspect THEN 3 ELSE 0 END WHERE ctid = ANY(ARRAY(
       SELECT ctid FROM ${schema}.messages WHERE queue = $1 AND state = 1 AND at <= ${nowMsOnce}
         ORDER BY at LIMIT ${batchSize} FOR UPDATE SKIP LOCKED))`,
  );
  await client().query(statement, [id], { repeatable: true });
}
