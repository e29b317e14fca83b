import { announceUncommittedSql, type WakeScope } from "@lovage/client-postgres";

import { batchArguments, batchParameters } from "./publish-functions.ts";
import { insertingOne, wakingIfAsked } from "./publish-one-functions.ts";

/** In a transaction of the caller's, which may last: holds no lock, and tells who sleeps on these topics when it is called. */
function enqueue(schema: string, scope: WakeScope): string {
  return `CREATE FUNCTION ${schema}.enqueue_6(${batchParameters}, p_wake text[])
  RETURNS void LANGUAGE plpgsql AS $lovage$
  DECLARE
    topic text;
  BEGIN
    PERFORM ${schema}.insert_messages_1(${batchArguments}, NULL, NULL);
    IF p_wake IS NOT NULL THEN
      FOREACH topic IN ARRAY p_wake LOOP
        ${announceUncommittedSql(scope, "topic")}
      END LOOP;
    END IF;
  END $lovage$`;
}

/** The functions that publish in a transaction of the caller's; the second a message that comes alone. */
export function enqueueFunctions(schema: string, scope: WakeScope): readonly string[] {
  const one = wakingIfAsked(announceUncommittedSql(scope, "p_queue"));
  return [enqueue(schema, scope), insertingOne(schema, "enqueue_one_6", one)];
}
