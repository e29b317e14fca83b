import { assert, property, stringMatching } from "fast-check";
import { expect, test } from "vitest";
import { ConfigurationLayers } from "./configuration/configuration-layers.ts";
import { matchesGlob, routeTask } from "./queue-router.ts";

const routesOf = (routes: Parameters<typeof routeTask>[1]["routes"]): Parameters<typeof routeTask>[1] =>
  new ConfigurationLayers({ routes }).configuration;

test("the task's own queue comes first, then an exact route, then the first glob that fits, then the default queue", () => {
  const configuration = routesOf({ "img.*": "images", "img.big": "large", "*.big": "unused" });
  expect(routeTask({ name: "img.big", options: { queue: "own" } }, configuration)).toBe("own");
  expect(routeTask({ name: "img.big", options: { queue: undefined } }, configuration)).toBe("large");
  expect(routeTask({ name: "img.small", options: { queue: undefined } }, configuration)).toBe("images");
  expect(routeTask({ name: "mail", options: { queue: undefined } }, configuration)).toBe("default");
});

test("a route may be a function, which may decline", () => {
  const configuration = routesOf((task) => (task.startsWith("ml.") ? "ml" : undefined));
  expect(routeTask({ name: "ml.score", options: { queue: undefined } }, configuration)).toBe("ml");
  expect(routeTask({ name: "mail", options: { queue: undefined } }, configuration)).toBe("default");
});

test("names of the prototype are no routes", () => {
  expect(routeTask({ name: "toString", options: { queue: undefined } }, routesOf({}))).toBe("default");
});

test.each([
  ["img.resize", "img.*", true],
  ["img", "img.*", false],
  ["a.b.c", "a.*.c", true],
  ["a.c", "a.?", true],
  ["a.cc", "a.?", false],
  ["", "*", true],
  ["a", "", false],
  ["a+b", "a+b", true],
])("%s fits %s: %s", (name, glob, fits) => {
  expect(matchesGlob(name, glob)).toBe(fits);
});

test("globs say what the regular expression of the same meaning says", () => {
  const name = stringMatching(/^[ab.]{0,8}$/);
  const glob = stringMatching(/^[ab.*?]{0,6}$/);
  assert(
    property(name, glob, (text, from) => {
      const dotted = from.replaceAll(".", String.raw`\.`);
      const pattern = new RegExp(`^${dotted.replaceAll("*", ".*").replaceAll("?", ".")}$`);
      expect(matchesGlob(text, from)).toBe(pattern.test(text));
    }),
  );
});

test("a glob made to be slow is not", () => {
  expect(matchesGlob("a".repeat(5_000), `${"a*".repeat(50)}b`)).toBe(false);
});
