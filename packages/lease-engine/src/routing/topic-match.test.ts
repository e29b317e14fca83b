import * as fc from "fast-check";
import { describe, expect, it } from "vitest";

import { topicMatches } from "./topic-match.ts";

/** The definition itself, by recursion: too slow for hostile patterns, and plainly right. */
function matchesByDefinition(pattern: readonly string[], words: readonly string[]): boolean {
  const [first, ...rest] = pattern;
  if (first === undefined) return words.length === 0;
  if (first === "#")
    return matchesByDefinition(rest, words) || (words.length > 0 && matchesByDefinition(pattern, words.slice(1)));
  return words.length > 0 && (first === "*" || first === words[0]) && matchesByDefinition(rest, words.slice(1));
}

const split = (text: string): readonly string[] => (text === "" ? [] : text.split("."));

describe("topicMatches", () => {
  it.each([
    ["a.b", "a.b", true],
    ["a.*", "a.b", true],
    ["a.*", "a", false],
    ["a.*", "a.b.c", false],
    ["a.#", "a", true],
    ["#", "", true],
    ["*", "", false],
    ["", "", true],
    ["#.c", "a.b.c", true],
    ["#.*.#", "", false],
    ["a.#.b.#.c", "a.x.b.y.b.c", true],
    ["a.b", "a.bb", false],
  ])("%j and %j: %j", (pattern, key, expected) => {
    expect(topicMatches(pattern, key)).toBe(expected);
  });

  it("says what AMQP's definition says", () => {
    const pattern = fc.array(fc.constantFrom("a", "b", "*", "#"), { maxLength: 7 }).map((words) => words.join("."));
    const key = fc.array(fc.constantFrom("a", "b", ""), { maxLength: 7 }).map((words) => words.join("."));
    fc.assert(
      fc.property(pattern, key, (bindingKey, routingKey) => {
        expect(topicMatches(bindingKey, routingKey)).toBe(matchesByDefinition(split(bindingKey), split(routingKey)));
      }),
      { numRuns: 2_000 },
    );
  });

  it("takes no time for patterns that are made to take long", () => {
    const pattern = Array.from({ length: 60 }, () => "#.a").join(".");
    expect(topicMatches(`${pattern}.b`, Array.from({ length: 120 }, () => "a").join("."))).toBe(false);
  });
});
