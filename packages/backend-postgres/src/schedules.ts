import type { ScheduleChange, ScheduleRun, Schedules, StoredSchedule } from "@lovage/backend";
import type { PostgresRows } from "@lovage/client-postgres";

import type { Database } from "./database.ts";

const columns = "schedule_id, document, version, last_run_at, runs";
const upsert = `INSERT INTO @schedules AS s (schedule_id, document, version)
  SELECT $1, $2, 1 WHERE $3::bigint IS NULL OR $3::bigint = 0 OR EXISTS (SELECT 1 FROM @schedules WHERE schedule_id = $1)
  ON CONFLICT (schedule_id) DO UPDATE SET document = excluded.document, version = s.version + 1
    WHERE $3::bigint IS NULL OR s.version = $3::bigint
  RETURNING ${columns}`;

/** Schedules in PostgreSQL; see {@link Schedules}. */
export class PostgresSchedules implements Schedules {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async list(): Promise<readonly StoredSchedule[]> {
    const rows = await this.#database.query(`SELECT ${columns} FROM @schedules ORDER BY schedule_id`, []);
    return rows.map((row) => toSchedule(row));
  }

  async upsert({ scheduleId, document, ifVersion }: ScheduleChange): Promise<StoredSchedule | undefined> {
    // Not repeated when the connection broke: a change that was made would then be taken for somebody else's.
    const [row] = await this.#database.query(upsert, [scheduleId, document, ifVersion ?? null], {});
    return row === undefined ? undefined : toSchedule(row);
  }

  async remove(scheduleId: string): Promise<void> {
    await this.#database.query("DELETE FROM @schedules WHERE schedule_id = $1", [scheduleId]);
  }

  async recordRun({ scheduleId, instantMs, expiresInMs }: ScheduleRun): Promise<boolean> {
    const values = [scheduleId, Math.round(instantMs), Math.max(1, Math.ceil(expiresInMs))];
    // Not repeated when the connection broke: the run that was recorded would then be nobody's.
    const [[isFirst] = []] = await this.#database.query("SELECT @record_run_1($1, $2::bigint, $3::bigint)", values, {});
    return isFirst === "t";
  }
}

function toSchedule([scheduleId, document, version, lastRunAt = null, runs]: PostgresRows[number]): StoredSchedule {
  return {
    scheduleId: scheduleId ?? "",
    document: document ?? "",
    version: Number(version),
    ...(lastRunAt === null ? {} : { lastRunAtMs: Number(lastRunAt) }),
    runs: Number(runs),
  };
}
