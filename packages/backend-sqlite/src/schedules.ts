import type { ScheduleChange, ScheduleRun, Schedules, StoredSchedule } from "@lovage/backend";
import type { SQLOutputValue } from "node:sqlite";
import type { Store } from "./store.ts";

const list = "SELECT schedule_id, document, version, last_run_at, runs FROM lovage_schedule ORDER BY schedule_id";
const upsert = `INSERT INTO lovage_schedule (schedule_id, document, version, runs) VALUES (?, ?, 1, 0)
ON CONFLICT (schedule_id) DO UPDATE SET document = excluded.document, version = version + 1
RETURNING schedule_id, document, version, last_run_at, runs`;
const record = `INSERT INTO lovage_schedule_run (schedule_id, instant, expires_at) VALUES (?, ?, ?)
ON CONFLICT (schedule_id, instant) DO UPDATE SET expires_at = excluded.expires_at WHERE lovage_schedule_run.expires_at <= ?`;
const count =
  "UPDATE lovage_schedule SET runs = runs + 1, last_run_at = max(coalesce(last_run_at, ?), ?) WHERE schedule_id = ?";

/** Schedules in SQLite; see {@link Schedules}. */
export class SqliteSchedules implements Schedules {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  async list(): Promise<readonly StoredSchedule[]> {
    const rows = await this.#store.read((connection) => connection.statement(list).all());
    return rows.map(toSchedule);
  }

  async upsert({ scheduleId, document, ifVersion }: ScheduleChange): Promise<StoredSchedule | undefined> {
    return await this.#store.write((connection) => {
      const there = connection.statement("SELECT version FROM lovage_schedule WHERE schedule_id = ?").get(scheduleId);
      if (ifVersion !== undefined && ifVersion !== Number(there?.["version"] ?? 0)) return undefined;
      const row = connection.statement(upsert).get(scheduleId, document);
      return row && toSchedule(row);
    });
  }

  async remove(scheduleId: string): Promise<void> {
    await this.#store.write((connection) => {
      connection.statement("DELETE FROM lovage_schedule WHERE schedule_id = ?").run(scheduleId);
    });
  }

  async recordRun({ scheduleId, instantMs, expiresInMs }: ScheduleRun): Promise<boolean> {
    return await this.#store.write((connection, nowMs) => {
      const expiresAtMs = nowMs + expiresInMs;
      const isFirst = connection.statement(record).run(scheduleId, instantMs, expiresAtMs, nowMs).changes === 1;
      if (isFirst) connection.statement(count).run(instantMs, instantMs, scheduleId);
      return isFirst;
    });
  }
}

function toSchedule(row: Record<string, SQLOutputValue>): StoredSchedule {
  const lastRunAtMs = row["last_run_at"];
  return {
    scheduleId: String(row["schedule_id"]),
    document: String(row["document"]),
    version: Number(row["version"]),
    ...(lastRunAtMs === null ? {} : { lastRunAtMs: Number(lastRunAtMs) }),
    runs: Number(row["runs"]),
  };
}
