import type { LedgerEntry, RunEntry } from "./ledger-entry.ts";

/** A run of a task from its first entry to its last. */
export interface Run extends Omit<RunEntry, "atMs"> {
  readonly startedAtMs: number;
  /** Absent: its process ended before, or it still runs. */
  readonly finishedAtMs?: number;
  /** Why its signal was aborted, and when. */
  readonly aborted?: { readonly code: string; readonly atMs: number };
  /** When progress was stored. */
  readonly wroteAtMs: readonly number[];
  /** Codes of the errors with which progress was refused. */
  readonly refused: readonly string[];
}

type Draft = { -readonly [Key in keyof Run]: Run[Key] } & { wroteAtMs: number[]; refused: string[] };

/** The runs that a ledger tells of, in order of their starts. */
export function runsOf(entries: readonly LedgerEntry[]): readonly Run[] {
  const runs = new Map<string, Draft>();
  for (const entry of entries) {
    if (entry.kind === "accepted") continue;
    const name = `${entry.pid} ${entry.taskId} ${entry.token}`;
    if (entry.kind === "started") runs.set(name, begin(entry));
    else add(runs.get(name), entry);
  }
  return [...runs.values()].toSorted((a, b) => a.startedAtMs - b.startedAtMs);
}

function begin({ taskId, token, count, retries, pid, atMs }: RunEntry): Draft {
  return { taskId, token, count, retries, pid, startedAtMs: atMs, wroteAtMs: [], refused: [] };
}

function add(run: Draft | undefined, entry: Exclude<LedgerEntry, { kind: "accepted" | "started" }>): void {
  if (run === undefined) throw new Error(`The ledger has "${entry.kind}" for a run that never began: ${entry.taskId}.`);
  const { atMs } = entry;
  if (entry.kind === "finished") run.finishedAtMs = atMs;
  else if (entry.kind === "wrote") run.wroteAtMs.push(atMs);
  else if (entry.kind === "refused") run.refused.push(entry.code);
  else if (entry.kind === "aborted") run.aborted = { code: entry.code, atMs };
}
