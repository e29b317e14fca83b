import { expect, test } from "vitest";

import { withoutUndefined } from "./without-undefined.ts";

test("what is undefined is left out; what is null, false or empty stays", () => {
  const fields: { readonly a?: number | undefined; readonly b: null; readonly c: false; readonly d: string } = {
    a: undefined,
    b: null,
    c: false,
    d: "",
  };
  expect(Object.entries(withoutUndefined(fields))).toEqual([
    ["b", null],
    ["c", false],
    ["d", ""],
  ]);
});
