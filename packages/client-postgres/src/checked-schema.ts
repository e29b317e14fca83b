import { SchemaVersionError } from "@lovage/foundation";

import type { PostgresClient } from "./postgres-client.ts";
import { applySchema, planSchema, type SchemaComponent } from "./schema.ts";

/** What a {@link CheckedSchema} goes by. */
export interface CheckedSchemaOptions {
  readonly component: SchemaComponent;
  /** Whether this program makes and updates the tables. */
  readonly migrates: boolean;
}

/**
 * The tables of a component as a program finds them that works with them: brought to its version, or only looked at. Programs are older than the tables during a
 * deployment, never newer: with tables of the release before a function would be missing in the midst of work.
 */
export class CheckedSchema {
  readonly #options: CheckedSchemaOptions;
  #isCurrent = false;

  constructor(options: CheckedSchemaOptions) {
    this.#options = options;
  }

  /**
   * On opening, and on the way back from a loss. Tables that are too old for a program that must not make them are left to `require`: `lovage schema` works on what an
   * app's module has opened.
   * @throws SCHEMA_VERSION for tables that are too new; PostgresError (`POSTGRES_FAILED`)
   */
  async open(client: PostgresClient): Promise<void> {
    const { component, migrates } = this.#options;
    const { from, to } = await (migrates ? applySchema(client, component) : planSchema(client, component));
    this.#isCurrent = migrates || from >= to;
  }

  /**
   * Before work on the tables; asks until they are as they must be.
   * @throws SCHEMA_VERSION while they are too old or missing; PostgresError (`POSTGRES_FAILED`)
   */
  async require(client: PostgresClient): Promise<void> {
    if (this.#isCurrent) return;
    const { component } = this.#options;
    const { from, to } = await planSchema(client, component);
    if (from < to) {
      throw new SchemaVersionError(
        `The tables of ${component.name} in schema ${client.schema} of ${client.where} have version ${from}, this program needs version ${to}, and migrate=false keeps it from making them. Whoever deploys it runs \`lovage schema apply\` first, with a role that may, or what \`lovage schema plan\` prints: programs of the release before go on working beside newer tables.`,
      );
    }
    this.#isCurrent = true;
  }
}
