import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";

const page = fileURLToPath(new URL("../../docs/redis.md", import.meta.url));

/**
 * The rules of the user that the documentation recommends, as words of `ACL SETUSER`, from the name on.
 * @param withCelery With what it adds for queues that are shared with Celery.
 */
export async function documentedUser({ withCelery = false } = {}): Promise<readonly string[]> {
  const text = await readFile(page, "utf8");
  const blocks = [...text.matchAll(/^ACL SETUSER ([^`]*)```/gmu)].map(([, rules = ""]) => rules.trim().split(/\s+/u));
  const [own, [name, ...added] = []] = blocks;
  if (own === undefined || name !== own[0]) throw new Error(`${page} has no ACL SETUSER, or not the second one.`);
  return withCelery ? [...own, ...added] : own;
}

/** The URL of a server with this user in it. */
export function urlAs(rules: readonly string[], url: string): string {
  return url.replace("//", `//${rules[0]}:${/>(\S+)/u.exec(rules.join(" "))?.[1]}@`);
}
