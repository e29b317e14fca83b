import { expect, test } from "vitest";

import { checkSchemaName, quoteIdentifier, quoteLiteral } from "./quote-identifier.ts";

test.each([`a"b`, "snake_case", "Ünïcode 😀", "50%", "back\\slash", "x;--", "a".repeat(63)])(
  "a schema may be called %s",
  (name) => expect(checkSchemaName(name)).toBe(name),
);

test.each([
  "",
  "a".repeat(64),
  "é".repeat(32),
  "pg_mine",
  "PG_toast",
  "information_schema",
  "a\nb",
  "a\u0000b",
  "$do$",
])("a schema may not be called %j", (name) =>
  expect(() => checkSchemaName(name)).toThrow(expect.objectContaining({ code: "OPTION_INVALID" })),
);

test("quotes inside a name are doubled", () => expect(quoteIdentifier(`a"b`)).toBe(`"a""b"`));

test("a text is quoted whatever the server takes a backslash for", () => {
  expect(quoteLiteral("it's")).toBe("'it''s'");
  expect(quoteLiteral("a\\b")).toBe("E'a\\\\b'");
});
