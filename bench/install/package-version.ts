import { readFile } from "node:fs/promises";
import { findPackageJSON } from "node:module";

/** The version of a package that the bench uses. @throws Error when it is not installed */
export async function packageVersion(name: string): Promise<string> {
  const manifest = findPackageJSON(name, import.meta.url);
  if (manifest === undefined) throw new Error(`The package ${name} is not installed.`);
  return (JSON.parse(await readFile(manifest, "utf8")) as { readonly version: string }).version;
}
