import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";

import { silentLog, systemClock, type OpenSchema } from "@lovage/foundation";
import { expect, test } from "vitest";

import { fileSchema } from "./file-schema.ts";
import { temporaryDirectory } from "./test-support/temporary-directory.ts";

const steps = [
  { version: 1, compatible: 1, statements: ["CREATE TABLE jobs (id INTEGER PRIMARY KEY)"] },
  { version: 2, compatible: 2, statements: ["ALTER TABLE jobs ADD COLUMN size INTEGER"] },
];

const schemaOf = (path: string, versions = 2): OpenSchema =>
  fileSchema(
    { path, clock: systemClock, log: silentLog, translate: (work) => work() },
    { name: "transport", steps: steps.slice(0, versions) },
  );

test("planning makes neither file nor directory, applying does what was planned", async () => {
  const root = temporaryDirectory();
  const schema = schemaOf(join(root, "deep", "queue.db"));
  const plan = await schema.plan();
  expect(plan).toMatchObject({ from: 0, to: 2 });
  expect(readdirSync(root)).toEqual([]);
  expect(await schema.apply()).toEqual(plan);
  expect(await schema.plan()).toEqual({ from: 2, to: 2, statements: [] });
});

test("planning leaves a file as it is, also one without a write-ahead log", async () => {
  const root = temporaryDirectory();
  const path = join(root, "queue.db");
  const database = new DatabaseSync(path);
  database.exec("CREATE TABLE theirs (id INTEGER)");
  database.close();
  const before = readFileSync(path);
  expect((await schemaOf(path).plan()).from).toBe(0);
  expect(readFileSync(path).equals(before)).toBe(true);
  expect(readdirSync(root)).toEqual(["queue.db"]);
});

test("a file that is too new is refused", async () => {
  const path = join(temporaryDirectory(), "queue.db");
  await schemaOf(path).apply();
  await expect(schemaOf(path, 1).plan()).rejects.toMatchObject({ code: "SCHEMA_VERSION" });
  await expect(schemaOf(path, 1).apply()).rejects.toMatchObject({ code: "SCHEMA_VERSION" });
});
