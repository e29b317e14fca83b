import { expect, test } from "vitest";
import { findImports } from "./workspace.ts";

test("finds the packages a source imports in every form, and no other text", () => {
  const source = [
    'import { a } from "@lovage/foundation";',
    "import type {",
    "  B,",
    '} from "@lovage/transport";',
    'import "side-effect/register";',
    'export * from "lovage";',
    'const lazy = await import("@lovage/backend/internal");',
    'import { readFileSync } from "node:fs";',
    'import { near } from "./near.ts";',
    "/**",
    ' * import { createApp } from "in-a-docblock";',
    ' * await import("in-a-docblock-too");',
    " */",
    '// await import("in-a-comment");',
  ].join("\n");
  expect(findImports(source)).toEqual([
    "@lovage/foundation",
    "@lovage/transport",
    "side-effect",
    "lovage",
    "@lovage/backend",
  ]);
});
