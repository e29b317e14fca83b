import type { SchemaComponent } from "@lovage/client-postgres";

import { claimFunction, peekFunction } from "./claim-function.ts";
import { publishFunctions } from "./publish-functions.ts";
import { publishOneFunctions } from "./publish-one-functions.ts";
import { publishPlainFunction } from "./publish-plain-function.ts";
import { settleFunctions } from "./settle-functions.ts";
import { tables } from "./tables.ts";

/**
 * The tables and functions of the transport. Every operation on messages is one function, so that a program of the version before finds those it
 * knows: a step makes functions of new names and leaves the old ones for one version more.
 * @param name Of the schema, not quoted.
 */
export function transportSchema(name: string): SchemaComponent {
  const scope = { component: "transport", schema: name };
  return {
    name: "transport",
    steps: [
      {
        version: 1,
        compatible: 1,
        statements: (schema) => [
          ...tables(schema),
          ...publishFunctions(schema, scope),
          claimFunction(schema),
          peekFunction(schema),
          ...settleFunctions(schema),
        ],
        undo: (schema) => [
          ...functions.map((each) => `DROP FUNCTION ${schema}.${each}`),
          ...tableNames.map((table) => `DROP TABLE ${schema}.${table}`),
        ],
      },
      {
        version: 2,
        compatible: 1,
        statements: (schema) => [
          ...planned.map((each) => `ALTER FUNCTION ${schema}.${each} SET plan_cache_mode = force_generic_plan`),
          ...publishOneFunctions(schema, scope),
        ],
        undo: (schema) => [
          ...addedInTwo.map((each) => `DROP FUNCTION ${schema}.${each}`),
          ...planned.map((each) => `ALTER FUNCTION ${schema}.${each} RESET plan_cache_mode`),
        ],
      },
      {
        version: 3,
        compatible: 1,
        statements: (schema) => [publishPlainFunction(schema, scope)],
        undo: (schema) => [`DROP FUNCTION ${schema}.publish_plain_3`],
      },
    ],
  };
}

const functions = [
  "sweep_1",
  "extend_1",
  "settle_1",
  "claim_1",
  "peek_1",
  "enqueue_1",
  "publish_1",
  "insert_messages_1",
  "announce_1",
];
/**
 * Where every plan goes through the indexes, one for a certain batch is no better than one for any; but the server thinks so, because of the LIMIT, and planned each statement anew
 * in each call, which took a third of the time of a claim of one message.
 */
const planned = ["sweep_1", "extend_1", "settle_1", "claim_1", "peek_1", "enqueue_1", "publish_1", "insert_messages_1"];
const addedInTwo = ["publish_one_2", "enqueue_one_2"];
const tableNames = ["broadcasts", "bindings", "exchanges", "messages", "queues"];
