import { asList, asNumber, asTexts } from "@lovage/client-redis";
import type { JoinArrival, JoinMember, JoinOpening, JoinProgress, Joins } from "@lovage/backend";

import type { Keys } from "./keys.ts";
import type { Link } from "./link.ts";
import { arriveScript, openScript } from "./scripts/joins.ts";

const memberField = "m:";
/** Behind all others: a member that nobody gave a place. */
const lastIndex = 2_147_483_647;

/**
 * Joins in Redis; see {@link Joins}. They stand in Celery's own keys as well, so that a chord of either language may have members of both: its workers count
 * ours, and we count theirs.
 */
export class RedisJoins implements Joins {
  readonly #link: Link;
  readonly #keys: Keys;

  constructor(link: Link, keys: Keys) {
    this.#link = link;
    this.#keys = keys;
  }

  async open({ joinId, size, expiresInMs }: JoinOpening): Promise<void> {
    const [sizeKey] = this.#keys.chord(joinId);
    await this.#link.run(openScript, [this.#keys.join(joinId), sizeKey], [size, Math.max(1, Math.ceil(expiresInMs))]);
  }

  async arrive({ joinId, memberId, index, payload }: JoinArrival): Promise<JoinProgress> {
    const isCelery = payload.startsWith(`[1,${JSON.stringify(memberId)},`);
    const args = [memberId, index, payload, isCelery ? 1 : 0];
    const reply = asList(await this.#link.run(arriveScript, this.#keysOf(joinId), args));
    const [known, arrived = 0, size = 0, completes] = reply.map(asNumber);
    return { known: known === 1, arrived, size, completes: completes === 1 };
  }

  async members(joinId: string): Promise<readonly JoinMember[]> {
    const [size] = this.#keys.chord(joinId);
    if ((await this.#link.call("EXISTS", [size])) === 0) return [];
    const inSet = await this.#membersInSet(joinId);
    const fields = asTexts(await this.#link.call("HGETALL", [this.#keys.join(joinId)]));
    const members = new Map(inSet);
    for (let at = 0; at < fields.length; at += 2) {
      const name = fields[at] ?? "";
      if (!name.startsWith(memberField)) continue;
      const memberId = name.slice(memberField.length);
      const [, index, payload] = /^(\S+) (.*)$/su.exec(fields[at + 1] ?? "") ?? [];
      const known = payload === "" ? inSet.get(memberId)?.payload : payload;
      if (known !== undefined) members.set(memberId, { memberId, index: Number(index), payload: known });
    }
    return [...members.values()].toSorted((a, b) => a.index - b.index || (a.memberId < b.memberId ? -1 : 1));
  }

  async close(joinId: string): Promise<void> {
    await this.#link.call("UNLINK", this.#keysOf(joinId));
  }

  #keysOf(joinId: string): readonly string[] {
    return [this.#keys.join(joinId), ...this.#keys.chord(joinId)];
  }

  /** What stands in Celery's set, ours and its workers', by task id. One that arrived twice there counts once. */
  async #membersInSet(joinId: string): Promise<ReadonlyMap<string, JoinMember>> {
    const [, set] = this.#keys.chord(joinId);
    const entries = asTexts(await this.#link.call("ZRANGE", [set, 0, -1, "WITHSCORES"]));
    const members = new Map<string, JoinMember>();
    for (let at = 0; at < entries.length; at += 2) {
      const payload = entries[at] ?? "";
      const memberId = idIn(payload);
      if (members.has(memberId)) continue;
      members.set(memberId, { memberId, index: Math.min(lastIndex, toNumber(entries[at + 1] ?? "")), payload });
    }
    return members;
  }
}

/** Of `[1, "<task id>", …]`, whoever wrote it. */
function idIn(payload: string): string {
  const [, text] = /^\[\s*1\s*,\s*("(?:[^"\\]|\\.)*")/u.exec(payload) ?? [];
  return text === undefined ? payload : String(JSON.parse(text));
}

function toNumber(score: string): number {
  return score === "inf" ? Infinity : Number(score);
}
