import { placeFunctionsSql, type PlaceFunctions, type SchemaComponent } from "@lovage/client-postgres";

import { enqueueFunction } from "./enqueue-function.ts";
import { inboxFunctions } from "./inbox-functions.ts";
import { outboxFunctions } from "./outbox-functions.ts";
import { relayFunctions } from "./relay-functions.ts";
import { settleFunction } from "./settle-function.ts";
import { tables } from "./tables.ts";

/** How a transaction is known to be on this database. */
export const placeFunctions: PlaceFunctions = { place: "outbox_place_3", requirePlace: "outbox_require_place_3" };

/**
 * The tables and functions of the outbox and of the inbox. All names begin with one of the two words, so that they can stand beside those of other drivers.
 * @param name Of the schema, not quoted.
 */
export function outboxSchema(name: string): SchemaComponent {
  const scope = { component: "outbox", schema: name };
  return {
    name: "outbox",
    steps: [
      {
        version: 1,
        compatible: 1,
        statements: (schema) => [...tables(schema), ...outboxFunctions(schema, scope), ...inboxFunctions(schema)],
        undo: (schema) => [
          ...functions.map((each) => `DROP FUNCTION ${schema}.${each}`),
          ...tableNames.map((table) => `DROP TABLE ${schema}.${table}`),
        ],
      },
      {
        version: 2,
        compatible: 1,
        statements: relayFunctions,
        undo: (schema) => [`DROP FUNCTION ${schema}.outbox_settle_2`, `DROP FUNCTION ${schema}.outbox_take_2`],
      },
      {
        version: 3,
        compatible: 1,
        statements: (schema) => [placeFunctionsSql(schema, placeFunctions)],
        undo: (schema) =>
          [placeFunctions.requirePlace, placeFunctions.place].map((each) => `DROP FUNCTION ${schema}.${each}`),
      },
      {
        version: 4,
        compatible: 1,
        statements: (schema) => [enqueueFunction(schema, scope)],
        undo: (schema) => [`DROP FUNCTION ${schema}.outbox_enqueue_4`],
      },
      {
        version: 5,
        compatible: 1,
        statements: (schema) => [settleFunction(schema)],
        undo: (schema) => [`DROP FUNCTION ${schema}.outbox_settle_5`],
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
