import type { StandardSchemaV1 } from "@standard-schema/spec";
import { expect, test } from "vitest";
import { z } from "zod";

import { validate } from "./validate-schema.ts";

const input = z.tuple([z.object({ email: z.email(), "odd key": z.number().optional() }), z.coerce.number()]);

function failing(issues: readonly StandardSchemaV1.Issue[]): StandardSchemaV1<unknown, never> {
  return { "~standard": { version: 1, vendor: "test", validate: () => ({ issues }) } };
}

test("gives the schema's output, at once when the schema is synchronous", () => {
  expect(validate(input, [{ email: "a@b.org" }, "5"])).toEqual({ value: [{ email: "a@b.org" }, 5] });
});

test("waits for a schema that is asynchronous", async () => {
  const late = z.string().refine(async (text) => (await Promise.resolve(text)) === "yes", "must be yes");
  const validated: StandardSchemaV1<unknown, string> = late;
  await expect(validate(validated, "yes")).resolves.toEqual({ value: "yes" });
  await expect(validate(validated, "no")).resolves.toEqual({ issues: ["must be yes"] });
});

test("an output of undefined is a value, not a failure", () => {
  expect(validate(z.undefined(), undefined)).toEqual({ value: undefined });
});

test("an issue tells where it is", () => {
  expect(validate(input, [{ email: "x", "odd key": "y" }, 1], { root: "args" })).toEqual({
    issues: [
      expect.stringMatching(/^args\[0\]\.email: Invalid email/),
      expect.stringMatching(/^args\[0\]\["odd key"\]: /),
    ],
  });
  expect(validate(input, [{ email: "x" }, 1])).toEqual({ issues: [expect.stringMatching(/^\[0\]\.email: /)] });
  expect(validate(z.object({ a: z.array(z.string()) }), { a: [1] })).toEqual({
    issues: [expect.stringMatching(/^a\[0\]: /)],
  });
  expect(validate(z.string(), 1)).toEqual({ issues: [expect.stringMatching(/^Invalid input/)] });
});

test("path segments may be objects and symbols", () => {
  const path = [{ key: "a" }, { key: 0 }, Symbol("s")];
  expect(validate(failing([{ message: "no", path }]), 1)).toEqual({ issues: [`a[0]["Symbol(s)"]: no`] });
});

test("issues are bounded in number and length, and show no secrets", () => {
  const issues = Array.from({ length: 1_000 }, () => ({ message: `redis://:secret@h ${"x".repeat(10_000)}` }));
  const result = validate(failing(issues), 1, { maxIssues: 3, maxIssueLength: 30 });
  expect(result).toEqual({
    issues: [...Array.from({ length: 3 }, () => "redis://:***@h xxxxxxxxxxxxxx…"), "and 997 more"],
  });
});

test("an error of the schema itself passes through", async () => {
  const broken = z.string().transform(() => {
    throw new RangeError("a fault in the schema");
  });
  await expect(async () => await validate(broken, "x")).rejects.toThrow(RangeError);
});
