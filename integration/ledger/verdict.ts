import type { LedgerEntry } from "./ledger-entry.ts";
import { runsOf } from "./run-history.ts";
import type { Run } from "./run-history.ts";

/** The end of a process that the test brought about. */
export interface ProcessEnd {
  readonly pid: number;
  readonly atMs: number;
}

/** What a ledger says about what was promised. */
export interface Verdict {
  readonly accepted: number;
  /** Accepted, and neither finished by a handler nor ended otherwise. */
  readonly lost: readonly string[];
  /** Starts beyond the first of each task and retry. */
  readonly doubled: number;
  /** Those among them whose run before had not finished; the others had, and their end was not recorded in time. */
  readonly interrupted: number;
  /** Tasks that two living processes, or one twice, ran at the same time. */
  readonly overlapping: readonly string[];
  /** Writes of a run that were accepted after a later run of the same task had begun. */
  readonly zombieWrites: number;
}

/** What the ledger cannot know. */
export interface Circumstances {
  /** Processes that were killed; a run that had not finished by then ended there. */
  readonly ends?: readonly ProcessEnd[];
  /** Tasks that ended without a handler: dead letters, revoked ones. */
  readonly endedElsewhere?: ReadonlySet<string>;
}

/** Computes what was lost and what was done twice. */
export function judge(entries: readonly LedgerEntry[], circumstances: Circumstances = {}): Verdict {
  const { ends = [], endedElsewhere = new Set() } = circumstances;
  const runs = runsOf(entries);
  const accepted = new Set(entries.filter(({ kind }) => kind === "accepted").map(({ taskId }) => taskId));
  const finished = new Set(runs.filter(({ finishedAtMs }) => finishedAtMs !== undefined).map(({ taskId }) => taskId));
  const byTask = Map.groupBy(runs, ({ taskId }) => taskId);
  return {
    accepted: accepted.size,
    lost: [...accepted].filter((taskId) => !finished.has(taskId) && !endedElsewhere.has(taskId)),
    doubled: runs.length - new Set(runs.map(({ taskId, retries }) => `${retries} ${taskId}`)).size,
    interrupted: rerunsOf(runs).filter(({ before }) => before.finishedAtMs === undefined).length,
    overlapping: [...byTask].filter(([, own]) => overlap(own, ends)).map(([taskId]) => taskId),
    zombieWrites: [...byTask.values()].reduce((sum, own) => sum + zombieWrites(own), 0),
  };
}

/** How long it took until the tasks that the processes had begun and not finished ran again; undefined when there were none. */
export function recoveryMs(entries: readonly LedgerEntry[], ends: readonly ProcessEnd[]): number | undefined {
  const runs = runsOf(entries);
  const waits = ends.flatMap(({ pid, atMs }) =>
    runs
      .filter((run) => run.pid === pid && run.finishedAtMs === undefined && run.startedAtMs <= atMs)
      .map((run) => (nextRun(runs, run)?.startedAtMs ?? Infinity) - atMs),
  );
  return waits.length === 0 ? undefined : Math.max(...waits);
}

/**
 * The longest time that the end of a task had not been recorded when its process ended, so that it ran again: from the end of its handler to that of
 * the process. 0: no task that had finished ran again.
 */
export function unrecordedMs(entries: readonly LedgerEntry[], ends: readonly ProcessEnd[]): number {
  const ages = rerunsOf(runsOf(entries)).map(({ before }) => {
    const end = ends.find(({ pid }) => pid === before.pid);
    return before.finishedAtMs === undefined ? 0 : (end?.atMs ?? Infinity) - before.finishedAtMs;
  });
  return Math.max(0, ...ages);
}

/** Pairs of runs of the same task and retry that follow each other. */
function rerunsOf(runs: readonly Run[]): readonly { readonly before: Run; readonly after: Run }[] {
  const steps = Map.groupBy(runs, ({ taskId, retries }) => `${retries} ${taskId}`);
  return [...steps.values()].flatMap((own) =>
    own.slice(1).flatMap((after, index) => {
      const before = own[index];
      return before === undefined ? [] : [{ before, after }];
    }),
  );
}

function nextRun(runs: readonly Run[], run: Run): Run | undefined {
  return runs.find(({ taskId, token, startedAtMs }) => {
    return taskId === run.taskId && token !== run.token && startedAtMs >= run.startedAtMs;
  });
}

/** Runs of one task in order of their starts. */
function overlap(runs: readonly Run[], ends: readonly ProcessEnd[]): boolean {
  return runs.some((run, index) => {
    const next = runs[index + 1];
    return next !== undefined && endOf(run, ends) > next.startedAtMs;
  });
}

function endOf(run: Run, ends: readonly ProcessEnd[]): number {
  const killedAtMs = ends.find(({ pid }) => pid === run.pid)?.atMs;
  return run.finishedAtMs ?? killedAtMs ?? Infinity;
}

function zombieWrites(runs: readonly Run[]): number {
  return runs.reduce((sum, run, index) => {
    const takenOverAtMs = runs[index + 1]?.startedAtMs ?? Infinity;
    return sum + run.wroteAtMs.filter((atMs) => atMs > takenOverAtMs).length;
  }, 0);
}
