import { existsSync, readFileSync, realpathSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { fileURLToPath } from "node:url";

import { hasCode } from "../errors/error.ts";
import { importConditions } from "./import-conditions.ts";

/**
 * The file that `import` of a package would load from a place, or undefined when the package is not installed there.
 * Node offers this to a program only for its own place (`import.meta.resolve`) or by the rules of `require`, which
 * do not see packages that export for `import` alone; so those are looked up here.
 * @param name Name of the package.
 * @param from File, directory or `file:` URL to look from.
 * @throws the platform's own error when the package is there but its `package.json` is broken or its entry is missing.
 */
export function resolvePackage(name: string, from: string): string | undefined {
  const require = createRequire(anchor(from));
  let isInstalled = false;
  for (const folder of require.resolve.paths(name) ?? []) {
    const root = path.join(folder, name);
    const manifest = path.join(root, "package.json");
    if (!existsSync(manifest)) continue;
    isInstalled = true;
    const entry = importEntry(JSON.parse(readFileSync(manifest, "utf8")) as { readonly exports?: unknown });
    if (entry !== undefined) return path.join(realpathSync(root), entry);
    break;
  }
  try {
    // Packages without "exports", a package that refers to itself, and package managers that replace the resolution.
    return require.resolve(name);
  } catch (error) {
    if (!isInstalled && hasCode(error, "MODULE_NOT_FOUND")) return undefined;
    throw error;
  }
}

/** A file name in the place's real directory, which is what module resolution starts from. */
function anchor(from: string): string {
  const place = path.resolve(from.startsWith("file:") ? fileURLToPath(from) : from);
  const real = existsSync(place) ? realpathSync(place) : place;
  return existsSync(real) && statSync(real).isDirectory() ? path.join(real, "anchor.js") : real;
}

/** The target of the `.` export for `import`, or undefined when the manifest has no `exports`. */
function importEntry(manifest: { readonly exports?: unknown }): string | undefined {
  const { exports } = manifest;
  const hasPaths = typeof exports === "object" && exports !== null && "." in exports;
  return conditionalTarget(hasPaths ? exports["."] : exports, importConditions());
}

/** Node's rule: the first condition in the manifest's order that holds and leads to a file; arrays are fallbacks. */
function conditionalTarget(target: unknown, conditions: ReadonlySet<string>): string | undefined {
  if (typeof target === "string") return target;
  if (typeof target !== "object" || target === null) return undefined;
  const choices = Array.isArray(target)
    ? (target as readonly unknown[])
    : Object.entries(target).flatMap(([condition, choice]) => (conditions.has(condition) ? [choice as unknown] : []));
  for (const choice of choices) {
    const found = conditionalTarget(choice, conditions);
    if (found !== undefined) return found;
  }
  return undefined;
}
