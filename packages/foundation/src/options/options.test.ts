import { expect, test } from "vitest";

import type { Duration } from "../time/duration.ts";
import { OptionError } from "../errors/option-error.ts";
import { checkedTextOption } from "./checked-text-option.ts";
import { choiceOption } from "./choice-option.ts";
import { durationOption } from "./duration-option.ts";
import { flagOption } from "./flag-option.ts";
import { objectOption } from "./object-option.ts";
import { optionsSchema } from "./options-schema.ts";
import { queryOptions } from "./query-options.ts";
import { readOptions } from "./read-options.ts";
import { textOption } from "./text-option.ts";
import { validateOptions } from "./validate-options.ts";
import { wholeNumberOption } from "./whole-number-option.ts";

interface Written {
  readonly lease?: Duration | undefined;
  readonly strict?: boolean | string;
}

const schema = optionsSchema<Written, { readonly lease?: number; readonly strict?: boolean }>({
  lease: durationOption("lease", { min: 100, max: 60_000 }),
  strict: flagOption,
  size: wholeNumberOption({ min: 1, max: 9 }),
  name: textOption(/^[a-z]+$/, "small letters"),
  kind: choiceOption(["quorum", "classic"]),
  client: objectOption((value) => "duplicate" in value, "a client"),
  schema: checkedTextOption((text) => {
    if (text === "pg_x") throw new OptionError("That schema is the server's.", { field: "schema" });
  }),
});

test("texts of a URL are read, and what is left out stays out", () => {
  expect(validateOptions(schema, { lease: "3s", strict: "false", size: "7" })).toEqual({
    value: { lease: 3_000, strict: false, size: 7 },
  });
  expect(validateOptions(schema, {})).toEqual({ value: {} });
});

test("a duration is milliseconds where it has no unit, also as a text of a URL", () => {
  expect(validateOptions(schema, { lease: "3000" })).toEqual(validateOptions(schema, { lease: 3_000 }));
});

test("what is not set is left out, so that it hides nothing that was said elsewhere", () => {
  const read = readOptions(schema, { lease: undefined, size: 2, name: undefined }, "It");
  expect(Object.entries(read)).toEqual([["size", 2]]);
});

test.each([
  [{ lease: "3 s" }, /^lease: /],
  [{ lease: 99 }, /^lease: .*100/],
  [{ lease: "99" }, /^lease: .*100/],
  [{ lease: "-3000" }, /^lease: /],
  [{ strict: "yes" }, "strict: must be true or false"],
  [{ size: 10 }, "size: must be a whole number, from 1 to 9"],
  [{ size: "" }, "size: must be a whole number, from 1 to 9"],
  [{ size: 1.5 }, "size: must be a whole number, from 1 to 9"],
  [{ name: "A" }, "name: must be small letters"],
  [{ name: 7 }, "name: must be small letters"],
  [{ kind: "stream" }, "kind: must be one of quorum, classic"],
  [{ client: {} }, "client: must be a client"],
  [{ client: null }, "client: must be a client"],
  [{ schema: "pg_x" }, "schema: That schema is the server's."],
  [{ lesae: "3s" }, /^lesae: there is no such option; there are lease, strict, /],
  [null, "expected an object of options"],
])("%j is refused, and says why", (options, issue) => {
  expect(validateOptions(schema, options).issues).toEqual([expect.stringMatching(issue)]);
});

test("all faults are told, with whose options they are", () => {
  expect(() => readOptions(schema, { size: 0, kind: "x" }, "The queue")).toThrow(
    expect.objectContaining({
      code: "CONFIGURATION_INVALID",
      message:
        "The queue has options it cannot take: size: must be a whole number, from 1 to 9; kind: must be one of quorum, classic.",
    }),
  );
});

test.each(["redis://:hun?ter2@h/0", "redis://:hun?lease=ter2@h/0", "redis://hun?ter2&lease=@h"])(
  "a password with a question mark in %s is in no message",
  (url) => {
    expect(() => queryOptions(url, ["lease"])).toThrow(
      expect.objectContaining({
        code: "CONFIGURATION_INVALID",
        message: expect.stringMatching(/^(?!.*(?:hun|ter2)).*%3F/s) as string,
      }),
    );
  },
);
