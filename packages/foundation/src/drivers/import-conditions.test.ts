import { expect, test } from "vitest";

import { importConditions } from "./import-conditions.ts";

const own = ["node", "import", "module-sync", "node-addons", "default"];

test.each([
  [[], []],
  [["--conditions=source"], ["source"]],
  [["--conditions", "source"], ["source"]],
  [["-C", "source"], ["source"]],
  [["-Csource"], ["source"]],
  [["-C=source"], ["source"]],
  [
    ["--enable-source-maps", "--conditions=a", "-C", "b", "--conditions"],
    ["a", "b"],
  ],
])("the flags %j add %j to Node's own conditions", (flags, added) => {
  expect([...importConditions(flags)]).toEqual([...own, ...added]);
});

test("without flags given, those of this process count", () => {
  expect(importConditions()).toContain("source");
});
