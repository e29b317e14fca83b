import { nowMs } from "@lovage/client-postgres";
import type { BucketRequest, ClaimKeyRequest, Coordination, Hold, HoldRequest } from "@lovage/backend";

import type { Database } from "./database.ts";
import { holdTurn } from "./schema/hold-turn.ts";

const acquire = "SELECT * FROM @acquire_1($1, $2, $3::int, $4::bigint, $5::bigint)";
/** In turn with those who ask for a place: one that looked at the hold before this is committed, and at the time behind its end, would be given it as well. */
const renew = `WITH turn AS MATERIALIZED (SELECT ${holdTurn("$1")}),
  t AS MATERIALIZED (SELECT ${nowMs} AS now_ms FROM turn)
  UPDATE @holds h SET ends_at = t.now_ms + $3::bigint FROM t WHERE h.name = $1 AND h.holder = $2 AND h.ends_at > t.now_ms RETURNING 1`;
const release =
  "WITH w AS (DELETE FROM @waiters WHERE name = $1 AND holder = $2) DELETE FROM @holds WHERE name = $1 AND holder = $2";
const reserve = "SELECT @reserve_1($1, $2::float8, $3::float8, $4::float8)";

/** Locks, limits and unique keys in PostgreSQL; see {@link Coordination}. */
export class PostgresCoordination implements Coordination {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async acquire({ name, holder, limit = 1, leaseMs, waitMs = 0 }: HoldRequest): Promise<Hold> {
    const values = [name, holder, limit, Math.ceil(leaseMs), Math.ceil(waitMs)];
    const [[fence = null, retryInMs, ahead] = []] = await this.#database.query(acquire, values);
    if (fence !== null) return { granted: true, fence: Number(fence) };
    return { granted: false, retryInMs: Number(retryInMs), ahead: Number(ahead) };
  }

  async renew(name: string, holder: string, leaseMs: number): Promise<boolean> {
    return (await this.#database.query(renew, [name, holder, Math.ceil(leaseMs)])).length > 0;
  }

  async release(name: string, holder: string): Promise<void> {
    await this.#database.query(release, [name, holder]);
  }

  async reserve(request: BucketRequest): Promise<{ readonly inMs: number }> {
    const { name, tokens, perMs, burst = tokens, cost = 1 } = request;
    // A turn that was booked and not heard of is spent; to book another one would be worse than to fail.
    const [[inMs] = []] = await this.#database.query(reserve, [name, perMs / tokens, burst, cost], {});
    return { inMs: Number(inMs) };
  }

  async claimKey({ key, owner, expiresInMs }: ClaimKeyRequest): Promise<{ readonly owner: string }> {
    const values = [key, owner, Math.ceil(expiresInMs)];
    const [[there] = []] = await this.#database.query("SELECT @claim_key_1($1, $2, $3::bigint)", values);
    return { owner: there ?? owner };
  }

  async releaseKey(key: string, owner: string): Promise<void> {
    await this.#database.query("DELETE FROM @keys WHERE key = $1 AND owner = $2", [key, owner]);
  }
}
