import { readFileSync } from "node:fs";

/** The release this is; read from the package's manifest, so that there is one place that says it. */
export function readVersion(): string {
  const manifest = readFileSync(new URL(import.meta.resolve("#manifest")), "utf8");
  return (JSON.parse(manifest) as { readonly version: string }).version;
}
