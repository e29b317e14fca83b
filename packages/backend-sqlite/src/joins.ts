import type { JoinArrival, JoinMember, JoinOpening, JoinProgress, Joins } from "@lovage/backend";
import type { SqliteConnection } from "@lovage/client-sqlite";
import type { Store } from "./store.ts";

const open =
  "INSERT INTO lovage_join (join_id, size, arrived, expires_in, expires_at) VALUES (?, ?, 0, ?, ?) ON CONFLICT (join_id) DO NOTHING";
const find = "SELECT size, arrived, completed_by FROM lovage_join WHERE join_id = ? AND expires_at > ?";
const findExpired = "SELECT 1 FROM lovage_join WHERE join_id = ? AND expires_at <= ?";
const arrive =
  "INSERT INTO lovage_join_member (join_id, member_id, place, payload) VALUES (?, ?, ?, ?) ON CONFLICT (join_id, member_id) DO NOTHING";
const count =
  "UPDATE lovage_join SET arrived = arrived + 1, expires_at = ? + expires_in, completed_by = CASE WHEN arrived + 1 = size THEN ? ELSE completed_by END WHERE join_id = ? RETURNING size, arrived, completed_by";
const members =
  "SELECT member_id, place, payload FROM lovage_join_member WHERE join_id = ? AND EXISTS (SELECT 1 FROM lovage_join WHERE join_id = ? AND expires_at > ?) ORDER BY place, member_id";

/** Joins in SQLite; see {@link Joins}. */
export class SqliteJoins implements Joins {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  async open({ joinId, size, expiresInMs }: JoinOpening): Promise<void> {
    await this.#store.write((connection, nowMs) => {
      if (connection.statement(findExpired).get(joinId, nowMs) !== undefined) removeJoin(connection, joinId);
      connection.statement(open).run(joinId, size, expiresInMs, nowMs + expiresInMs);
    });
  }

  async arrive({ joinId, memberId, index, payload }: JoinArrival): Promise<JoinProgress> {
    return await this.#store.write((connection, nowMs) => {
      const there = connection.statement(find).get(joinId, nowMs);
      if (there === undefined) return { known: false, arrived: 0, size: 0, completes: false };
      const isNew = connection.statement(arrive).run(joinId, memberId, index, payload).changes === 1;
      const row = isNew ? connection.statement(count).get(nowMs, memberId, joinId) : there;
      return {
        known: true,
        arrived: Number(row?.["arrived"]),
        size: Number(row?.["size"]),
        completes: row?.["completed_by"] === memberId,
      };
    });
  }

  async members(joinId: string): Promise<readonly JoinMember[]> {
    const rows = await this.#store.read((connection, nowMs) =>
      connection.statement(members).all(joinId, joinId, nowMs),
    );
    return rows.map((row) => ({
      memberId: String(row["member_id"]),
      index: Number(row["place"]),
      payload: String(row["payload"]),
    }));
  }

  async close(joinId: string): Promise<void> {
    await this.#store.write((connection) => removeJoin(connection, joinId));
  }
}

function removeJoin(connection: SqliteConnection, joinId: string): void {
  connection.statement("DELETE FROM lovage_join_member WHERE join_id = ?").run(joinId);
  connection.statement("DELETE FROM lovage_join WHERE join_id = ?").run(joinId);
}
