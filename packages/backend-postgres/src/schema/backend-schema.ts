import type { SchemaComponent } from "@lovage/client-postgres";

import { coordinationFunctions } from "./coordination-functions.ts";
import { resultFunctions } from "./result-functions.ts";
import { tableNames, tables } from "./tables.ts";

/**
 * The tables and functions of the backend. A step makes functions of new names and leaves the old ones for one version more.
 * @param name Of the schema, not quoted.
 */
export function backendSchema(name: string): SchemaComponent {
  return {
    name: "backend",
    steps: [
      {
        version: 1,
        compatible: 1,
        statements: (schema) => [
          ...tables(schema),
          ...resultFunctions(schema, { component: "backend", schema: name }),
          ...coordinationFunctions(schema),
        ],
        undo: (schema) => [
          ...functions.map((each) => `DROP FUNCTION ${schema}.${each}`),
          ...tableNames.map((table) => `DROP TABLE ${schema}.${table}`),
          `DROP SEQUENCE ${schema}.numbers`,
        ],
      },
    ],
  };
}

const functions = ["put_results_1", "arrive_1", "acquire_1", "reserve_1", "claim_key_1", "record_run_1"];
