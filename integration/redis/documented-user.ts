import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";

const page = fileURLToPath(new URL("../../docs/redis.md", import.meta.url));

/** The rules of the user that the documentation recommends, as words of `ACL SETUSER`, from the name on. */
export async function documentedUser(): Promise<readonly string[]> {
  const text = await readFile(page, "utf8");
  const [, rules] = /^ACL SETUSER ([^`]*)```/mu.exec(text) ?? [];
  if (rules === undefined) throw new Error(`${page} has no ACL SETUSER.`);
  return rules.trim().split(/\s+/u);
}
