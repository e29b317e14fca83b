import { afterFlows, columns, firstOfEachFlow, lease } from "../flows.ts";

/** For programs of the version before, and slow for as long as the server takes the table for empty: a join may begin with all messages. */
export function takeFlowsByJoin(messages: string): string {
  return `share := ceil(needed::numeric / greatest(cardinality(keys), 1));
        RETURN QUERY WITH picked AS MATERIALIZED (
          SELECT r.id, r.rank, r.flow FROM (${firstOfEachFlow(messages)}) r ORDER BY r.rank, r.flow LIMIT needed
        ) UPDATE ${messages} m SET ${lease} FROM picked p WHERE m.id = p.id
          RETURNING ${columns("passes", "p.rank", "p.flow")};
        ${afterFlows}`;
}
