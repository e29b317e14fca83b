import { globSync, readFileSync } from "node:fs";
import path from "node:path";

import { expect, test } from "vitest";

test("no statement numbers its parameters, as in ?1: Node before 24.7 takes those for named ones and binds nothing to them", () => {
  const packages = path.resolve(import.meta.dirname, "../..");
  const files = globSync("{client,transport,backend}-sqlite/src/**/*.ts", { cwd: packages });
  const sources = files.filter((file) => !file.endsWith(".test.ts"));
  expect(sources.length).toBeGreaterThan(30);
  const numbered = sources.filter((file) => /\?\d/.test(readFileSync(path.join(packages, file), "utf8")));
  expect(numbered).toEqual([]);
});
