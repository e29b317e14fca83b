import { expect, test } from "vitest";

import { schemeOf } from "./url.ts";

test.each([
  ["redis://localhost", "redis"],
  ["REDISS://localhost", "rediss"],
  ["sqlite:.lovage/queue.db", "sqlite"],
  ["memory:", "memory"],
  ["a+b.c-d:x", "a+b.c-d"],
  ["sentinel://a;sentinel://b", "sentinel"],
])("the scheme of %s is %s", (url, scheme) => {
  expect(schemeOf(url)).toBe(scheme);
});

test.each(["", "localhost", "//localhost", "C:\\queue.db", "1x:y", "re dis://x", ":", "é:x", `${"a".repeat(41)}:`])(
  "%j has no scheme",
  (url) => {
    expect(() => schemeOf(url)).toThrow(
      expect.objectContaining({
        code: "CONFIGURATION_INVALID",
        message: expect.stringContaining("sqlite:queue.db") as string,
      }),
    );
  },
);

test("the error shows no password", () => {
  expect(() => schemeOf("//guest:secret@localhost")).toThrow(/\/\/guest:\*\*\*@localhost/);
  expect(() => schemeOf(":secret@localhost")).toThrow(/":\*\*\*@localhost"/);
});
