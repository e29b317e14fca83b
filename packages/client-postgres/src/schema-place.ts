import { Once } from "@lovage/foundation";

import type { PostgresSession } from "./postgres-session.ts";
import { quoteIdentifier, quoteLiteral } from "./quote-identifier.ts";
import { defineStatement } from "./statement.ts";

/** SQLSTATE of a transaction that is on another database than it should be. Of a class that is nobody's. */
export const elsewhereState = "LV001";

/** Names of the two functions, in a schema. */
export interface PlaceFunctions {
  readonly place: string;
  readonly requirePlace: string;
}

/**
 * Makes two functions: one that names this schema of this database, as no other is named, and one that fails in any other. The name is part of the functions, so that a
 * role needs no further rights for it; and of the database's name, so that it is another in a copy beside the first.
 * @param schema Quoted.
 */
export function placeFunctionsSql(schema: string, { place, requirePlace }: PlaceFunctions): string {
  const named = `CREATE FUNCTION ${schema}.${place}() RETURNS text LANGUAGE sql STABLE AS $lovage$ SELECT `;
  const compared = `CREATE FUNCTION ${schema}.${requirePlace}(p_place text) RETURNS void LANGUAGE plpgsql AS $lovage$
    BEGIN
      IF p_place IS DISTINCT FROM `;
  const refused = ` THEN
        RAISE EXCEPTION 'Lovage: the transaction is on another database' USING ERRCODE = '${elsewhereState}';
      END IF;
    END $lovage$`;
  return `DO $do$
  DECLARE
    here text := quote_literal(gen_random_uuid() || '/') || ' || current_database()';
  BEGIN
    EXECUTE ${quoteLiteral(named)} || here || ' $lovage$';
    EXECUTE ${quoteLiteral(compared)} || here || ${quoteLiteral(refused)};
  END $do$`;
}

/** The name of the schema that a driver works on; asked for once. */
export class SchemaPlace {
  readonly #name: Once<string, []>;

  /** @param schema Not quoted. */
  constructor(session: () => PostgresSession, schema: string, { place }: PlaceFunctions) {
    const statement = defineStatement(`SELECT ${quoteIdentifier(schema)}.${place}()`);
    this.#name = new Once(async () => {
      const [[name = null] = []] = await session().query(statement, [], { repeatable: true });
      return name ?? "";
    });
  }

  /** @throws PostgresError (`POSTGRES_FAILED`) */
  name(): Promise<string> {
    return this.#name.run();
  }

  /** It may be another, since tables that are gone are made anew. */
  forget(): void {
    this.#name.forget();
  }
}
