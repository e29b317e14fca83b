import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createApp } from "../../app/create-app.ts";
import { isApp } from "../../app/runtime-of.ts";
import { chooseApp } from "./choose-app.ts";
import { findAppFile } from "./find-app-file.ts";
import { importAppModule } from "./import-app-module.ts";

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), "lovage-app-module-"));
  mkdirSync(path.join(folder, "src"));
  mkdirSync(path.join(folder, "empty"));
  const files = {
    "tasks.ts": "export const one: number = 1;",
    "jobs.mjs": "export const one = 1;",
    "src/index.js": "export {};",
    "notes.txt": "",
    "enum.mts": "export enum Color { Red }",
    "broken.mts": "export const a = ;",
    "throws.mjs": 'throw new Error("no database");',
    "imports.mjs": 'import "./missing";',
  };
  for (const [name, text] of Object.entries(files)) writeFileSync(path.join(folder, name), text);
});

afterAll(() => rmSync(folder, { recursive: true }));

describe("the file that --app names", () => {
  test.each([
    ["./tasks.ts", "tasks.ts"],
    ["tasks.ts", "tasks.ts"],
    ["tasks", "tasks.ts"],
    ["./jobs", "jobs.mjs"],
    ["src", "src/index.js"],
    ["src/", "src/index.js"],
  ])("%s is %s", (written, file) => {
    expect(findAppFile(written, folder)).toBe(path.join(folder, file));
  });

  test("an absolute path is taken as it is", () => {
    expect(findAppFile(path.join(folder, "tasks.ts"), "/")).toBe(path.join(folder, "tasks.ts"));
  });

  test("what is not there is told with all that was looked for", () => {
    expect(() => findAppFile("taks.ts", folder)).toThrow(
      /Looked for taks\.ts, taks\.ts\/index\.ts, .*-A \.\/tasks\.ts/,
    );
    expect(() => findAppFile("empty", folder)).toThrow(/Looked for empty, empty\.ts, .*, empty\/index\.mjs/);
  });

  test("a file of another kind is refused", () => {
    expect(() => findAppFile("notes.txt", folder)).toThrow("must end in .ts, .mts, .js, .mjs");
  });
});

describe("loading it", () => {
  test("gives its exports, of TypeScript too", async () => {
    expect((await importAppModule(path.join(folder, "jobs.mjs")))["one"]).toBe(1);
  });

  test("an error of the module itself is told with its place", async () => {
    const failure = importAppModule(path.join(folder, "throws.mjs"));
    await expect(failure).rejects.toMatchObject({ code: "CONFIGURATION_INVALID" });
    await expect(failure).rejects.toThrow(/throws\.mjs cannot be loaded\.\n.*no database\n +at .*throws\.mjs:1/);
  });
});

describe("the app in it", () => {
  const file = "tasks.ts";
  const [one, other] = [createApp({ name: "one" }), createApp({ name: "other" })];

  test("is the export app, then default, then the only one", () => {
    expect(chooseApp({ other, app: one, default: other }, { file, isApp })).toBe(one);
    expect(chooseApp({ other, default: one, app: 5 }, { file, isApp })).toBe(one);
    expect(chooseApp({ tasks: {}, shop: one }, { file, isApp })).toBe(one);
    expect(chooseApp({ shop: one, jobs: one }, { file, isApp })).toBe(one);
  });

  test("is not guessed among several", () => {
    expect(() => chooseApp({ one, other }, { file, isApp })).toThrow("tasks.ts exports several apps, one, other");
  });

  test("is missed with a word on what is there and what to write", () => {
    expect(() => chooseApp({ add: () => 1 }, { file, isApp })).toThrow(
      /It exports add, none.*export const app = createApp/,
    );
    expect(() => chooseApp({}, { file, isApp })).toThrow("It exports nothing.");
  });
});
