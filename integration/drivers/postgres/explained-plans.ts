import type { ClientBase } from "pg";

/** A node of a plan as EXPLAIN writes it. */
export interface PlanNode {
  readonly "Node Type": string;
  readonly "Relation Name"?: string;
  readonly "Actual Rows"?: number;
  readonly "Actual Loops"?: number;
  readonly "Rows Removed by Filter"?: number;
  readonly "Shared Hit Blocks"?: number;
  readonly "Shared Read Blocks"?: number;
  readonly Plans?: readonly PlanNode[];
}

/** A statement that was run, and how. */
export interface ExplainedPlan {
  readonly "Query Text": string;
  readonly Plan: PlanNode;
}

/** Writes the plan of every statement, those inside functions too, into the server's log; the session is told as well. */
const settings = [
  "LOAD 'auto_explain'",
  "SET auto_explain.log_min_duration = 0",
  "SET auto_explain.log_analyze = on",
  "SET auto_explain.log_buffers = on",
  "SET auto_explain.log_nested_statements = on",
  "SET auto_explain.log_format = json",
  "SET client_min_messages = log",
];

/** Tells the plans of all that a session runs after this call. */
export async function explain(client: ClientBase, onPlan: (plan: ExplainedPlan) => void): Promise<void> {
  client.on("notice", ({ message: text = "" }) => {
    if (text.includes("{")) onPlan(JSON.parse(text.slice(text.indexOf("{"))) as ExplainedPlan);
  });
  // In one call: what others ask of the client meanwhile comes behind it.
  await client.query(settings.join(";"));
}

/** A plan with all that is under it. */
export function nodesOf(plan: PlanNode): readonly PlanNode[] {
  return [plan, ...(plan.Plans ?? []).flatMap((child) => nodesOf(child))];
}
