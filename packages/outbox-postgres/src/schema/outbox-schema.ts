import type { SchemaComponent } from "@lovage/client-postgres";

import { inboxFunctions } from "./inbox-functions.ts";
import { outboxFunctions } from "./outbox-functions.ts";
import { tables } from "./tables.ts";

/**
 * The tables and functions of the outbox and of the inbox. All names begin with one of the two words, so that they can stand beside those of other drivers.
 * @param name Of the schema, not quoted.
 */
export function outboxSchema(name: string): SchemaComponent {
  return {
    name: "outbox",
    steps: [
      {
        version: 1,
        compatible: 1,
        statements: (schema) => [
          ...tables(schema),
          ...outboxFunctions(schema, { component: "outbox", schema: name }),
          ...inboxFunctions(schema),
        ],
        undo: (schema) => [
          ...functions.map((each) => `DROP FUNCTION ${schema}.${each}`),
          ...tableNames.map((table) => `DROP TABLE ${schema}.${table}`),
        ],
      },
    ],
  };
}

const functions = [
  "inbox_finish_1",
  "inbox_receive_1",
  "outbox_sweep_1",
  "outbox_settle_1",
  "outbox_resign_1",
  "outbox_take_1",
  "outbox_enqueue_1",
];
const tableNames = ["inbox", "outbox_leader", "outbox_topologies", "outbox"];
