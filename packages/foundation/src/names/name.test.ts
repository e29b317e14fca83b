import * as fc from "fast-check";
import { expect, test } from "vitest";

import { checkName } from "./name.ts";

test.each([
  "default",
  "mail.high",
  "celery@host-1",
  "a/b/c",
  "_x:y~z+1",
  "a..b",
  "b19e9c5c-56b4-3cbf-a1ea-fb2b0a4a5e0a.reply.celery.pidbox",
  "q".repeat(200),
])("%s is a queue name", (name) => {
  expect(checkName(name, { kind: "queue" })).toBe(name);
});

test.each([
  "",
  ".hidden",
  "/etc/passwd",
  "a/../b",
  "a/..",
  "a b",
  " a",
  "ä",
  "a\n",
  "a\u0000b",
  "a;b",
  "a'b",
  "a*",
  "a{b}",
  "a\\b",
  "q".repeat(201),
  "__proto__",
  "constructor",
  "prototype",
])("%j is no queue name", (name) => {
  expect(() => checkName(name, { kind: "queue" })).toThrow(
    expect.objectContaining({
      code: "NAME_INVALID",
      message: expect.stringMatching(/not a valid queue name/) as string,
    }),
  );
});

test.each(["shop.add", "tasks.<locals>.add", "größe berechnen", "任务", "t".repeat(255), "ä".repeat(127)])(
  "%s is a task name",
  (name) => {
    expect(checkName(name, { kind: "task" })).toBe(name);
  },
);

test.each([
  "",
  " ",
  " a",
  "a ",
  "a\u00A0",
  "a\tb",
  "a\u0085b",
  "a\u2028b",
  "a\u202Eb",
  "\uD800",
  "t".repeat(256),
  "ä".repeat(128),
  "__proto__",
  "constructor",
])("%j is no task name", (name) => {
  expect(() => checkName(name, { kind: "task" })).toThrow(expect.objectContaining({ code: "NAME_INVALID" }));
});

test.each([undefined, null, 5, {}, ["a"], Symbol("a"), new String("a")])("%o is no name at all", (value) => {
  expect(() => checkName(value, { kind: "queue" })).toThrow(expect.objectContaining({ code: "NAME_INVALID" }));
});

test("a smaller bound can be asked for", () => {
  expect(checkName("12345678", { kind: "queue", maxBytes: 8 })).toBe("12345678");
  expect(() => checkName("123456789", { kind: "queue", maxBytes: 8 })).toThrow(/1 to 8 bytes/);
});

test("a reserved name is told to be reserved", () => {
  expect(() => checkName("constructor", { kind: "schedule" })).toThrow(/reserved/);
});

test("the message is one bounded line, whatever came", () => {
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: "binary", maxLength: 1_000 }), fc.anything()), (value) => {
      expect(messageOf(value)).toMatch(/^[^\p{Cc}\p{Bidi_Control}\p{Cs}]{0,400}$/u);
    }),
  );
});

test("an accepted queue name leads out of no folder and into no prototype", () => {
  const part = fc.constantFrom("..", ".", "/", "a", "__proto__", "~", "@");
  fc.assert(
    fc.property(fc.array(part, { maxLength: 8 }), (parts) => {
      const name = parts.join("");
      try {
        checkName(name, { kind: "queue" });
      } catch {
        return;
      }
      expect(new URL(name.replaceAll("@", "_"), "file:///base/").href).toMatch(/^file:\/\/\/base\//);
      expect(Object.hasOwn(Object.fromEntries([[name, 1]]), name)).toBe(true);
    }),
  );
});

/** The error's message, or nothing where the name is accepted. */
function messageOf(name: unknown): string {
  try {
    checkName(name, { kind: "exchange" });
    return "";
  } catch (error) {
    return (error as Error).message;
  }
}
