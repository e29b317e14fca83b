import type { SchemaPlan, SchemaVersions } from "@lovage/foundation";

import type { SqliteConnection } from "./sqlite-connection.ts";

/** One step from a version of a component's tables to the next. */
export interface SchemaStep {
  /** The version this step leads to; the first is 1, each step one more. */
  readonly version: number;
  /**
   * The oldest version whose programs may go on working beside programs of this one: normally the one before, which is why
   * a step only adds.
   */
  readonly compatible: number;
  readonly statements: readonly string[];
}

/** The tables of one driver in a database that several drivers share. */
export interface SchemaComponent {
  /** Such as `transport` or `backend`. */
  readonly name: string;
  /** Every step from an empty file, in order. The last one's version is the version of this release. */
  readonly steps: readonly SchemaStep[];
}

/** The file was made by a release too new for this one, or cannot be brought to the version that was asked for. Each driver turns it into its contract's `SCHEMA_VERSION`. */
export interface SchemaRefusal {
  readonly refused: string;
}

const createVersions =
  "CREATE TABLE IF NOT EXISTS lovage_schema (component TEXT PRIMARY KEY, version INTEGER NOT NULL, compatible INTEGER NOT NULL) WITHOUT ROWID";

/** What {@link applySchema} would do to this file. Writes nothing. */
export function planSchema(
  connection: SqliteConnection,
  component: SchemaComponent,
  to?: SchemaVersions,
): Promise<SchemaPlan | SchemaRefusal> {
  return connection.read(() => planNow(connection, component, to));
}

/**
 * Brings the component's tables to this release's version, or to the one that `to` names, in one transaction, beside running programs. Does not write to a
 * file that is up to date, and to one it refuses neither.
 */
export async function applySchema(
  connection: SqliteConnection,
  component: SchemaComponent,
  to?: SchemaVersions,
): Promise<SchemaPlan | SchemaRefusal> {
  const seen = await planSchema(connection, component, to);
  if ("refused" in seen || seen.statements.length === 0) return seen;
  return connection.write(() => {
    // Another program may have been quicker.
    const plan = planNow(connection, component, to);
    if (!("refused" in plan)) for (const statement of plan.statements) connection.exec(statement);
    return plan;
  });
}

/** What {@link applySchema} would do to a file that is not there yet. */
export function planNewFile(component: SchemaComponent, to?: SchemaVersions): SchemaPlan | SchemaRefusal {
  return planFrom(0, component, to);
}

function planNow(
  connection: SqliteConnection,
  component: SchemaComponent,
  to: SchemaVersions | undefined,
): SchemaPlan | SchemaRefusal {
  const { name } = component;
  const { version: from, compatible } = readVersion(connection, name);
  const last = lastVersion(component);
  if (last < compatible) {
    return {
      refused: `The tables of ${name} in ${connection.path} have version ${from}, which works with programs of version ${compatible} or newer; this program has version ${last}. Update it, or use another file. Nothing was written.`,
    };
  }
  return planFrom(from, component, to);
}

function planFrom(
  from: number,
  component: SchemaComponent,
  asked: SchemaVersions | undefined,
): SchemaPlan | SchemaRefusal {
  const { name, steps } = component;
  const to = asked === undefined ? lastVersion(component) : (asked[name] ?? from);
  const refused = asked?.[name] === undefined ? undefined : refusalOf(component, from, to);
  if (refused !== undefined) return { refused };
  const missing = steps.filter(({ version }) => version > from && version <= to);
  if (missing.length === 0) return { from, to, statements: [] };
  return {
    from,
    to,
    statements: [createVersions, ...missing.flatMap(({ statements }) => statements), record(name, missing.at(-1))],
  };
}

/** Why tables do not go to a version that was asked for. */
function refusalOf(component: SchemaComponent, from: number, to: number): string | undefined {
  const { name } = component;
  const last = lastVersion(component);
  if (to < 1 || to > last)
    return `This release knows versions 1 to ${last} of the tables of ${name}, not ${to}. Nothing was written.`;
  if (to >= from) return undefined;
  return `The tables of ${name} have version ${from}, and those in a SQLite file are not taken back to ${to}. Programs of the release before work with them as they are; for older ones take the copy of the file that was made before the update. Nothing was written.`;
}

function lastVersion({ steps }: SchemaComponent): number {
  return steps.at(-1)?.version ?? 0;
}

function readVersion(connection: SqliteConnection, name: string): { version: number; compatible: number } {
  const table = connection
    .statement("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'lovage_schema'")
    .get();
  if (table === undefined) return { version: 0, compatible: 0 };
  const row = connection.statement("SELECT version, compatible FROM lovage_schema WHERE component = ?").get(name);
  return { version: Number(row?.["version"] ?? 0), compatible: Number(row?.["compatible"] ?? 0) };
}

/** A component's name is a word of ours, never a user's. */
function record(name: string, step: SchemaStep | undefined): string {
  const { version, compatible } = step ?? { version: 0, compatible: 0 };
  return `INSERT INTO lovage_schema (component, version, compatible) VALUES ('${name}', ${version}, ${compatible}) ON CONFLICT (component) DO UPDATE SET version = excluded.version, compatible = excluded.compatible`;
}
