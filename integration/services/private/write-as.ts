import { chown, writeFile } from "node:fs/promises";
import path from "node:path";
import type { Place } from "./private-recipe.ts";

/**
 * Writes a file into a server's folder, as the server's own and for its eyes only.
 * @returns its path
 */
export async function writeAs({ directory, user }: Place, name: string, text: string): Promise<string> {
  const file = path.join(directory, name);
  await writeFile(file, text, { mode: 0o600 });
  if (user.uid !== undefined && user.gid !== undefined) await chown(file, user.uid, user.gid);
  return file;
}
