import { readFileSync } from "node:fs";
import process from "node:process";

/** Whom a server runs as. Empty: as we do. */
export type ServerUser = { readonly uid: number; readonly gid: number } | Record<string, never>;

/**
 * An ordinary user for a server when we are root: PostgreSQL refuses to run as root, and no server needs to.
 * @param names Users that packages make for their servers; the first one that is there. Else it is nobody.
 */
export function unprivilegedUser(names: readonly string[]): ServerUser {
  if (process.getuid?.() !== 0) return {};
  const lines = readFileSync("/etc/passwd", "utf8").split("\n");
  const users = new Map(lines.map((line) => line.split(":")).map(([name, , uid, gid]) => [name, { uid, gid }]));
  const found = [...names, "nobody"].map((name) => users.get(name)).find((user) => user !== undefined);
  return { uid: Number(found?.uid ?? 65_534), gid: Number(found?.gid ?? 65_534) };
}
