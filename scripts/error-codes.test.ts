import { globSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";

test("docs/errors.md lists exactly the codes that errors of the packages have", () => {
  const documented = [...readFileSync("docs/errors.md", "utf8").matchAll(/^\| `([A-Z_]+)` \|/gm)].map(
    ([, code]) => code,
  );
  expect(documented.toSorted(byText)).toEqual([...codesInSources()].toSorted(byText));
});

test("docs/errors.md names classes that exist", () => {
  const sources = sourceTexts().join("\n");
  const classes = [...readFileSync("docs/errors.md", "utf8").matchAll(/^\| `[A-Z_]+` \| `(\w+)` \|/gm)].map(
    ([, name]) => name,
  );
  const missing = classes.filter((name) => name !== undefined && !new RegExp(`class ${name}\\b`).test(sources));
  expect(missing).toEqual([]);
});

function codesInSources(): Set<string> {
  const codes = new Set<string>();
  for (const text of sourceTexts()) {
    for (const [, code] of text.matchAll(/\bcode: "([A-Z][A-Z_]+)"/g)) if (code !== undefined) codes.add(code);
  }
  return codes;
}

function sourceTexts(): readonly string[] {
  return globSync("packages/*/src/**/*.ts")
    .filter((path) => !/\.test(-d)?\.ts$|\/test-support\//.test(path))
    .map((path) => readFileSync(path, "utf8"));
}

function byText(a: string | undefined, b: string | undefined): number {
  return (a ?? "").localeCompare(b ?? "");
}
