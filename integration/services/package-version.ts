import { readFileSync } from "node:fs";
import { findPackageJSON } from "node:module";

/**
 * The version of an installed package.
 * @param from Address of the module that uses it.
 * @throws Error when it is not installed
 */
export function packageVersion(name: string, from: string): string {
  const manifest = findPackageJSON(name, from);
  if (manifest === undefined) throw new Error(`The package ${name} is not installed.`);
  return (JSON.parse(readFileSync(manifest, "utf8")) as { readonly version: string }).version;
}
