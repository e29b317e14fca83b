import { nowMs } from "@lovage/client-postgres";
import type { JoinArrival, JoinMember, JoinOpening, JoinProgress, Joins } from "@lovage/backend";

import type { Database } from "./database.ts";

const dropExpired = `DELETE FROM @joins WHERE join_id = $1 AND expires_at <= ${nowMs}`;
const open = `INSERT INTO @joins (join_id, size, expires_in, expires_at) VALUES ($1, $2, $3::bigint, ${nowMs} + $3::bigint) ON CONFLICT (join_id) DO NOTHING`;
const members = `SELECT m.member_id, m.place, m.payload FROM @join_members m JOIN @joins j USING (join_id)
  WHERE join_id = $1 AND j.expires_at > ${nowMs} ORDER BY m.place, m.member_id`;

/** Joins in PostgreSQL; see {@link Joins}. */
export class PostgresJoins implements Joins {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async open({ joinId, size, expiresInMs }: JoinOpening): Promise<void> {
    await this.#database.query(dropExpired, [joinId]);
    await this.#database.query(open, [joinId, size, Math.ceil(expiresInMs)]);
  }

  async arrive({ joinId, memberId, index, payload }: JoinArrival): Promise<JoinProgress> {
    const [row] = await this.#database.query("SELECT * FROM @arrive_1($1, $2, $3::int, $4)", [
      joinId,
      memberId,
      index,
      payload,
    ]);
    if (row === undefined) return { known: false, arrived: 0, size: 0, completes: false };
    const [arrived, size, completes] = row;
    return { known: true, arrived: Number(arrived), size: Number(size), completes: completes === "t" };
  }

  async members(joinId: string): Promise<readonly JoinMember[]> {
    const rows = await this.#database.query(members, [joinId]);
    return rows.map(([memberId, index, payload]) => ({
      memberId: memberId ?? "",
      index: Number(index),
      payload: payload ?? "",
    }));
  }

  async close(joinId: string): Promise<void> {
    await this.#database.query("DELETE FROM @joins WHERE join_id = $1", [joinId]);
  }
}
