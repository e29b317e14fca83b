import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { keepJson, linedJson } from "./keep-json.ts";

test("values have a line each down to a depth, and share one below it", () => {
  const value = { a: [{ b: [1, 2], c: "x" }, {}], d: undefined, e: null, f: [] };
  expect(linedJson(value, 2)).toBe('{\n  "a": [\n    {"b":[1,2],"c":"x"},\n    {}\n  ],\n  "e": null,\n  "f": []\n}');
  expect(JSON.parse(linedJson(value, 3))).toEqual(JSON.parse(JSON.stringify(value)));
  expect(linedJson("two\nlines", 1)).toBe('"two\\nlines"');
});

test("a file is replaced, its folder made, and nothing else left", () => {
  const directory = mkdtempSync(path.join(tmpdir(), "lovage-keep-"));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  const file = path.join(directory, "evidence", "sqlite.json");
  keepJson(file, { runs: [1] }, 1);
  keepJson(file, { runs: [1, 2] }, 1);
  expect(readFileSync(file, "utf8")).toBe('{\n  "runs": [1,2]\n}\n');
  expect(readdirSync(path.dirname(file))).toEqual(["sqlite.json"]);
});
