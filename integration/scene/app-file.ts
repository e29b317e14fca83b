import { fileURLToPath } from "node:url";

/** A file of `apps/`. */
export function appFile(name: string): string {
  return fileURLToPath(new URL(`../apps/${name}`, import.meta.url));
}
