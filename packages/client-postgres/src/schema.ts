import type { SchemaPlan } from "@lovage/foundation";
import { SchemaVersionError, translateErrors } from "@lovage/foundation";

import type { PostgresClient } from "./postgres-client.ts";
import { insufficientPrivilege, isPostgresError } from "./postgres-error.ts";
import type { PostgresSession } from "./postgres-session.ts";
import { quoteIdentifier, quoteLiteral } from "./quote-identifier.ts";
import { defineStatement } from "./statement.ts";

/** One step from a version of a component's tables to the next. */
export interface SchemaStep {
  /** The version this step leads to; the first is 1, each step one more. */
  readonly version: number;
  /** The oldest version whose programs may go on working beside programs of this one: normally the one before, which is why a step only adds. */
  readonly compatible: number;
  /** Statements, for a schema whose name comes quoted. */
  readonly statements: (schema: string) => readonly string[];
  /** What takes the step back, once no program of its version runs. */
  readonly undo: (schema: string) => readonly string[];
}

/** The tables of one driver in a schema that several drivers share. */
export interface SchemaComponent {
  /** Such as `transport` or `backend`. */
  readonly name: string;
  /** Every step from nothing, in order. The last one's version is the version of this release. */
  readonly steps: readonly SchemaStep[];
}

/** Read from the table itself: what a session has looked up by name before it waited for a lock may be out of date. */
const tableExists = defineStatement(
  "SELECT EXISTS (SELECT 1 FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1 AND c.relname = 'schema_versions')",
);

/** What {@link applySchema} would do. Writes nothing. @throws SCHEMA_VERSION for tables that are too new for this release */
export async function planSchema(
  client: PostgresClient,
  component: SchemaComponent,
  to: number = lastVersion(component),
): Promise<SchemaPlan> {
  return await planIn(client, client.schema, component, to);
}

/**
 * Brings the component's tables to this release's version, in one transaction and under an advisory lock, beside running programs. With `to` back to an
 * older version. Writes nothing where all is well.
 * @throws SCHEMA_VERSION for tables that are too new for this release, and when they are missing and the role may not make them
 */
export async function applySchema(
  client: PostgresClient,
  component: SchemaComponent,
  to: number = lastVersion(component),
): Promise<SchemaPlan> {
  const seen = await planIn(client, client.schema, component, to);
  if (seen.statements.length === 0) return seen;
  try {
    return await client.transaction(async (session) => {
      await session.query(defineStatement("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))"), [
        `lovage/${client.schema}/schema`,
      ]);
      // Another program may have been quicker.
      const plan = await planIn(session, client.schema, component, to);
      // An index on a large table takes its time.
      await session.query(defineStatement("SET LOCAL statement_timeout = 0"));
      for (const statement of plan.statements) {
        await session.query(defineStatement(statement), [], { patienceMs: Number.POSITIVE_INFINITY });
      }
      return plan;
    });
  } catch (error) {
    if (!isPostgresError(error) || error.sqlState !== insufficientPrivilege) throw error;
    throw new SchemaVersionError(
      `The tables of ${component.name} in schema ${client.schema} of ${client.where} have version ${seen.from}, version ${seen.to} is needed, and the role of this program may not make it. Run \`lovage schema apply\` with a role that may, or run what \`lovage schema plan\` prints.`,
    );
  }
}

async function planIn(
  session: PostgresSession,
  schema: string,
  component: SchemaComponent,
  to: number,
): Promise<SchemaPlan> {
  const { name, steps } = component;
  const { version: from, compatible } = await readVersion(session, schema, name);
  if (lastVersion(component) < compatible) {
    throw new SchemaVersionError(
      `The tables of ${name} in schema ${schema} have version ${from}, which works with programs of version ${compatible} or newer; this program has version ${lastVersion(component)}. Update it, or use another schema. Nothing was written.`,
    );
  }
  const quoted = quoteIdentifier(schema);
  const forth = steps.filter(({ version }) => version > from && version <= to);
  const back = steps.filter(({ version }) => version <= from && version > to).toReversed();
  if (forth.length === 0 && back.length === 0) return { from, to, statements: [] };
  const changes =
    forth.length > 0 ? forth.flatMap((step) => step.statements(quoted)) : back.flatMap((step) => step.undo(quoted));
  const isNew = from === 0;
  return {
    from,
    to,
    statements: [
      ...(isNew ? [createSchema(quoted), createVersions(quoted)] : []),
      ...changes,
      record(quoted, component, to),
    ],
  };
}

/** The version that this release works with. */
export function lastVersion({ steps }: SchemaComponent): number {
  return steps.at(-1)?.version ?? 0;
}

async function readVersion(
  session: PostgresSession,
  schema: string,
  component: string,
): Promise<{ version: number; compatible: number }> {
  const quoted = quoteIdentifier(schema);
  const [[exists] = []] = await session.query(tableExists, [schema]);
  if (exists !== "t") return { version: 0, compatible: 0 };
  const statement = defineStatement(`SELECT version, compatible FROM ${quoted}.schema_versions WHERE component = $1`);
  const [row = []] = await translateErrors(
    () => session.query(statement, [component]),
    (error) => (isPostgresError(error) && error.sqlState === insufficientPrivilege ? unreadable(schema, error) : error),
  );
  return { version: Number(row[0] ?? 0), compatible: Number(row[1] ?? 0) };
}

function unreadable(schema: string, cause: Error): SchemaVersionError {
  const text = `The version of the tables in schema ${schema} cannot be read by this role: give it USAGE on the schema and SELECT on its table schema_versions, or use another role.`;
  return new SchemaVersionError(text, { cause });
}

/** Asked first, because a role that may not make schemas may still use one that is there. */
function createSchema(quoted: string): string {
  return `DO $do$ BEGIN IF to_regnamespace(${quoteLiteral(quoted)}) IS NULL THEN CREATE SCHEMA ${quoted}; END IF; END $do$`;
}

function createVersions(quoted: string): string {
  return `CREATE TABLE IF NOT EXISTS ${quoted}.schema_versions (component text PRIMARY KEY, version integer NOT NULL, compatible integer NOT NULL)`;
}

/** A component's name is a word of ours, never a user's. */
function record(quoted: string, { name, steps }: SchemaComponent, to: number): string {
  const compatible = steps.find(({ version }) => version === to)?.compatible ?? 0;
  return `INSERT INTO ${quoted}.schema_versions (component, version, compatible) VALUES ('${name}', ${to}, ${compatible}) ON CONFLICT (component) DO UPDATE SET version = excluded.version, compatible = excluded.compatible`;
}
