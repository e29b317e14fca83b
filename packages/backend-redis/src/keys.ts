/**
 * The keys of the backend. Results stand where Celery's stand; all others are Lovage's own, under one prefix. What belongs together has the same part in
 * braces, so that a cluster keeps it in one slot.
 */
export class Keys {
  readonly #prefix: string;

  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  /** The result document, and the channel it is announced on, as Celery's clients know them. */
  result(taskId: string): string {
    return `celery-task-meta-${taskId}`;
  }

  /** State and fence beside a result: `state attempt delivery`. */
  fence(taskId: string): string {
    return `${this.#prefix}:fence:{${this.result(taskId)}}`;
  }

  /** Revoked tasks: `:order` by the moment (a sorted set), `:until` by the end of their record, `:count` so far. */
  get revoked(): string {
    return `${this.#prefix}:{revoked}`;
  }

  /** A hash: `size`, `ttl`, `by` (who completed it), `n` (arrived), and a member in each `m:<id>`. */
  join(joinId: string): string {
    return `${this.#prefix}:join:{${joinId}}`;
  }

  /** Holders by the end of their hold; beside it `:f` fences, `:t` waiters by turn, `:w` waiters by the end of their patience. */
  hold(name: string): string {
    return `${this.#prefix}:hold:{${name}}`;
  }

  /** Until when a token bucket is booked. */
  bucket(name: string): string {
    return `${this.#prefix}:bucket:{${name}}`;
  }

  /** Owner of a unique key. */
  unique(key: string): string {
    return `${this.#prefix}:unique:{${key}}`;
  }

  /** All schedules in one hash: `d:` document, `v:` version, `l:` last run, `r:` number of runs, each with the id behind it. */
  get schedules(): string {
    return `${this.#prefix}:{schedules}`;
  }

  /** A recorded run. */
  run(scheduleId: string, instantMs: number): string {
    return `${this.schedules}:run:${instantMs}:${scheduleId}`;
  }
}
