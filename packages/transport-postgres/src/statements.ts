import { defineStatement, quoteIdentifier, type PostgresStatement } from "@lovage/client-postgres";

import { batchPlaceholders, batchWidth, plainPlaceholders } from "./message-batch.ts";
import { fieldPlaceholders } from "./message-fields.ts";

/** The calls of the schema's functions. */
export interface TransportStatements {
  /** The schema's name, quoted. */
  readonly schema: string;
  readonly publish: PostgresStatement;
  readonly publishPlain: PostgresStatement;
  readonly publishOne: PostgresStatement;
  readonly enqueue: PostgresStatement;
  readonly enqueueOne: PostgresStatement;
  readonly announce: PostgresStatement;
  readonly claim: PostgresStatement;
  readonly peek: PostgresStatement;
  readonly suspectsWait: PostgresStatement;
  readonly settle: PostgresStatement;
  readonly extend: PostgresStatement;
  readonly sweep: PostgresStatement;
}

/** The statements for one schema. */
export function transportStatements(schemaName: string): TransportStatements {
  const schema = quoteIdentifier(schemaName);
  const call = (text: string): PostgresStatement => defineStatement(text.replaceAll("@", `${schema}.`));
  return {
    schema,
    publish: call(`SELECT @publish_1(${batchPlaceholders(1)}, ${afterBatch(1, 0)}::text[])`),
    publishPlain: call(`SELECT @publish_plain_3(${plainPlaceholders}, $5::boolean)`),
    publishOne: call(`SELECT @publish_one_2(${fieldPlaceholders}, $7::boolean)`),
    enqueue: call(
      `SELECT @enqueue_6(${batchPlaceholders(1)}, ${afterBatch(1, 0)}::text[]) FROM @require_place_5(${afterBatch(1, 1)}::text)`,
    ),
    enqueueOne: call(`SELECT @enqueue_one_6(${fieldPlaceholders}, $7::boolean) FROM @require_place_5($8::text)`),
    announce: call("SELECT @announce_1($1::text[])"),
    // What is nearly always the same is left empty: each text in each row takes the client's time. To sort here would take the server more than it takes there.
    claim: call(
      "SELECT id, fence, nullif(losses, 0), nullif(redelivered, false), turn, nullif(pass, 1), nullif(rank, 0), nullif(flow, 0), place, frame FROM @claim_7($1, $2::int, $3::bigint, $4::boolean, $5)",
    ),
    peek: call("SELECT * FROM @peek_1($1)"),
    suspectsWait: call("SELECT @suspects_wait_6($1)"),
    settle: call(
      `SELECT * FROM @settle_7($1::bigint[], $2::bigint[], $3::int[], $4::bigint[], ${batchPlaceholders(5)}, ${afterBatch(5, 0)}::int[], ${afterBatch(5, 1)}::text[])`,
    ),
    extend: call("SELECT * FROM @extend_7($1::bigint[], $2::bigint[], $3::bigint)"),
    sweep: call("SELECT * FROM @sweep_1($1, $2, $3::int, $4::int)"),
  };
}

/** The parameter with this number behind a batch that begins with `first`. */
function afterBatch(first: number, index: number): string {
  return `$${first + batchWidth + index}`;
}
