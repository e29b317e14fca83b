import { DatabaseSync } from "node:sqlite";
import { expect } from "vitest";
import { databaseOf, sqlite } from "../brokers/sqlite.ts";
import { fault } from "../scene/fault.ts";

function setVersions(file: string, version: number, compatible: number): number {
  const database = new DatabaseSync(file);
  database.prepare("UPDATE lovage_schema SET version = ?, compatible = ?").run(version, compatible);
  database.close();
  return rowsOf(file);
}

function rowsOf(file: string): number {
  const database = new DatabaseSync(file);
  const tables = database.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").all() as { name: string }[];
  const counts = tables.map(({ name }) =>
    Number(database.prepare(`SELECT count(*) AS rows FROM "${name}"`).get()?.["rows"]),
  );
  database.close();
  return counts.reduce((sum, count) => sum + count, 0);
}

fault(
  64,
  "a store of a later release that this one still understands is worked with",
  async (scene) => {
    await scene.client.remote<() => void>("pass").delay();
    await scene.client.close();
    setVersions(databaseOf(scene.directory), 1_000, 1);
    const app = scene.createApp();
    const echo = app.task("echo", (value: number) => value);
    app.task("pass", () => {});
    await using worker = app.worker();
    await worker.start();
    expect(await (await echo.delay(3)).get({ timeout: "10s" })).toBe(3);
    await worker.stop();
  },
  { only: sqlite },
);

fault(
  64,
  "a store of a release that is too new is refused at the start, and nothing is written",
  async (scene) => {
    await scene.client.remote<() => void>("pass").delay();
    await scene.client.close();
    const file = databaseOf(scene.directory);
    const before = setVersions(file, 1_000, 1_000);
    const app = scene.createApp();
    const pass = app.task("pass", () => {});
    await expect(app.worker().start()).rejects.toMatchObject({ code: "SCHEMA_VERSION" });
    await expect(pass.delay()).rejects.toMatchObject({ code: "SCHEMA_VERSION" });
    expect(rowsOf(file)).toBe(before);
  },
  { only: sqlite },
);
