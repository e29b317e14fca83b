import {
  functionSettings,
  placeFunctionsSql,
  type PlaceFunctions,
  type SchemaComponent,
  type SchemaStep,
  type WakeScope,
} from "@lovage/client-postgres";

import { claimFunction, claimFunctionOf } from "./claim-function.ts";
import { enqueueFunctions } from "./enqueue-functions.ts";
import { extendFunction } from "./extend-function.ts";
import { peekFunction, suspectsWaitFunction } from "./peek-function.ts";
import { publishFunctions } from "./publish-functions.ts";
import { publishOneFunctions } from "./publish-one-functions.ts";
import { publishPlainFunction } from "./publish-plain-function.ts";
import { settleFunction } from "./settle-function.ts";
import { extendByJoin, extendLockedUntold, extendWaiting } from "./superseded/extend-by-join.ts";
import { takeFlowsByJoin } from "./superseded/flows-by-join.ts";
import { settleByJoin } from "./superseded/settle-by-join.ts";
import { sweepFunction } from "./sweep-function.ts";
import { tables } from "./tables.ts";

/** How a transaction is known to be on this database. */
export const placeFunctions: PlaceFunctions = { place: "place_5", requirePlace: "require_place_5" };

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
      firstStep(scope),
      singleMessages(scope),
      added(3, "publish_plain_3", (schema) => publishPlainFunction(schema, scope)),
      added(4, "extend_4", extendLockedUntold),
      lockedAndElsewhere,
      quietTransactions(scope),
      withoutJoins,
    ],
  };
}

function firstStep(scope: WakeScope): SchemaStep {
  return {
    version: 1,
    compatible: 1,
    statements: (schema) => [
      ...tables(schema),
      ...publishFunctions(schema, scope),
      claimFunctionOf(schema, { name: "claim_1", settings: functionSettings, takeFlows: takeFlowsByJoin }),
      peekFunction(schema),
      settleByJoin(schema),
      extendWaiting(schema),
      sweepFunction(schema),
    ],
    undo: (schema) => [
      ...functions.map((each) => `DROP FUNCTION ${schema}.${each}`),
      ...tableNames.map((table) => `DROP TABLE ${schema}.${table}`),
    ],
  };
}

function singleMessages(scope: WakeScope): SchemaStep {
  return {
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
  };
}

/** What renewals find locked is told of, and a transaction that is on another database. */
const lockedAndElsewhere: SchemaStep = {
  version: 5,
  compatible: 1,
  statements: (schema) => [extendByJoin(schema), placeFunctionsSql(schema, placeFunctions)],
  undo: (schema) =>
    [placeFunctions.requirePlace, placeFunctions.place, "extend_5"].map((each) => `DROP FUNCTION ${schema}.${each}`),
};

/** Transactions of callers notify only while somebody sleeps; suspects are looked for through the index whatever the statistics say. */
function quietTransactions(scope: WakeScope): SchemaStep {
  return {
    version: 6,
    compatible: 1,
    statements: (schema) => [...enqueueFunctions(schema, scope), suspectsWaitFunction(schema)],
    undo: (schema) =>
      ["suspects_wait_6", "enqueue_one_6", "enqueue_6"].map((each) => `DROP FUNCTION ${schema}.${each}`),
  };
}

/** What is done to messages by their ids leaves the planner no choice, whatever it takes the table for. */
const withoutJoins: SchemaStep = {
  version: 7,
  compatible: 1,
  statements: (schema) => [claimFunction(schema), settleFunction(schema), extendFunction(schema)],
  undo: (schema) => ["extend_7", "settle_7", "claim_7"].map((each) => `DROP FUNCTION ${schema}.${each}`),
};

/** A step that adds one function. */
function added(version: number, name: string, make: (schema: string) => string): SchemaStep {
  return {
    version,
    compatible: 1,
    statements: (schema) => [make(schema)],
    undo: (schema) => [`DROP FUNCTION ${schema}.${name}`],
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
