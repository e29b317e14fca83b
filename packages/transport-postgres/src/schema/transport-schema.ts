import type { SchemaComponent } from "@lovage/client-postgres";

import { claimFunction, peekFunction } from "./claim-function.ts";
import { publishFunctions } from "./publish-functions.ts";
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
const tableNames = ["broadcasts", "bindings", "exchanges", "messages", "queues"];
