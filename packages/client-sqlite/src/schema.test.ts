import { join } from "node:path";

import { systemClock } from "@lovage/foundation";
import { describe, expect, it, onTestFinished } from "vitest";

import { openSqliteConnection } from "./open-sqlite.ts";
import { applySchema, planSchema, type SchemaComponent } from "./schema.ts";
import type { SqliteConnection } from "./sqlite-connection.ts";
import { temporaryDirectory } from "./test-support/temporary-directory.ts";

const first = { version: 1, compatible: 1, statements: ["CREATE TABLE jobs (id INTEGER PRIMARY KEY)"] };
const second = { version: 2, compatible: 1, statements: ["ALTER TABLE jobs ADD COLUMN size INTEGER"] };
const third = { version: 3, compatible: 2, statements: ["ALTER TABLE jobs ADD COLUMN weight INTEGER"] };
const component = (...steps: SchemaComponent["steps"]): SchemaComponent => ({ name: "transport", steps });

async function open(path = join(temporaryDirectory(), "queue.db")): Promise<SqliteConnection> {
  const connection = await openSqliteConnection({ path, clock: systemClock });
  onTestFinished(() => connection.close());
  return connection;
}

const dataVersion = (connection: SqliteConnection): unknown => connection.statement("PRAGMA data_version").get();
const tables = (connection: SqliteConnection): unknown[] =>
  connection
    .statement("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")
    .all()
    .map(({ name }) => name);

describe("schema", () => {
  it("plans without writing, applies what it planned, and then has nothing to do", async () => {
    const connection = await open();
    const plan = await planSchema(connection, component(first, second));
    expect(plan).toMatchObject({ from: 0, to: 2 });
    expect(tables(connection)).toEqual([]);
    expect(await applySchema(connection, component(first, second))).toEqual(plan);
    expect(tables(connection)).toEqual(["jobs", "lovage_schema"]);
    expect(await applySchema(connection, component(first, second))).toEqual({ from: 2, to: 2, statements: [] });
  });

  it("prints statements that make the same tables when they are run by hand", async () => {
    const connection = await open();
    const plan = await planSchema(connection, component(first, second));
    for (const statement of "statements" in plan ? plan.statements : []) connection.exec(statement);
    expect(await planSchema(connection, component(first, second))).toMatchObject({ from: 2, statements: [] });
  });

  it("lets a program of the version before work on, and refuses older ones without writing", async () => {
    const connection = await open();
    const watcher = await open(connection.path);
    await applySchema(connection, component(first, second, third));
    const before = dataVersion(watcher);
    expect(await applySchema(connection, component(first, second))).toEqual({ from: 3, to: 2, statements: [] });
    const refusal = await applySchema(connection, component(first));
    expect(refusal).toEqual({ refused: expect.stringContaining("version 3") as string });
    expect(dataVersion(watcher)).toEqual(before);
  });

  it("goes to a version that is asked for, and is refused to go back, which writes nothing", async () => {
    const connection = await open();
    const all = component(first, second, third);
    expect(await applySchema(connection, all, { transport: 2 })).toMatchObject({ from: 0, to: 2 });
    expect(await planSchema(connection, all, { backend: 1 })).toEqual({ from: 2, to: 2, statements: [] });
    expect(await planSchema(connection, all, { transport: 2 })).toEqual({ from: 2, to: 2, statements: [] });
    const refusals = await Promise.all([1, 0, 4].map((transport) => applySchema(connection, all, { transport })));
    expect(refusals).toEqual([
      {
        refused: expect.stringContaining(
          "have version 2, and those in a SQLite file are not taken back to 1",
        ) as string,
      },
      { refused: expect.stringContaining("knows versions 1 to 3 of the tables of transport, not 0") as string },
      { refused: expect.stringContaining("knows versions 1 to 3 of the tables of transport, not 4") as string },
    ]);
    expect(await planSchema(connection, all)).toMatchObject({ from: 2, to: 3 });
  });

  it("is applied once when many programs open the file at once", async () => {
    const path = join(temporaryDirectory(), "queue.db");
    const connections = await Promise.all(Array.from({ length: 8 }, () => open(path)));
    const outcomes = await Promise.all(
      connections.map((connection) => applySchema(connection, component(first, second))),
    );
    for (const outcome of outcomes) expect(outcome).toMatchObject({ to: 2 });
  });

  it("keeps the versions of two components in one file apart", async () => {
    const connection = await open();
    await applySchema(connection, component(first));
    await applySchema(connection, {
      name: "backend",
      steps: [{ version: 1, compatible: 1, statements: ["CREATE TABLE results (id TEXT)"] }],
    });
    expect(await planSchema(connection, component(first, second))).toMatchObject({ from: 1, to: 2 });
  });
});
