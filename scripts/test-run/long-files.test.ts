import { existsSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { longFiles } from "./long-files.ts";

test("each file that is begun first is there, and is named once", () => {
  const root = path.join(import.meta.dirname, "../..");
  expect(longFiles.filter((file) => !existsSync(path.join(root, file)))).toEqual([]);
  expect([...new Set(longFiles)]).toEqual(longFiles);
});
