import { tagBeside } from "@lovage/client-redis";

/**
 * The keys of the backend. Results stand where Celery's stand; all others are Lovage's own, under one prefix. What belongs together has the same part in
 * braces, so that a cluster keeps it in one slot.
 */
export class Keys {
  readonly #prefix: string;
  readonly #celeryPrefix: string;
  readonly #isCluster: boolean;

  /** @param options `globalKeyPrefix`: as Celery is told it. */
  constructor(
    prefix: string,
    { globalKeyPrefix = "", isCluster }: { readonly globalKeyPrefix?: string | undefined; readonly isCluster: boolean },
  ) {
    this.#prefix = prefix;
    this.#isCluster = isCluster;
    // Celery puts a mark between the prefix and its own names, unless there is one.
    this.#celeryPrefix = /^$|[:_.-]$/.test(globalKeyPrefix) ? globalKeyPrefix : `${globalKeyPrefix}_`;
  }

  /** The result document, and the channel it is announced on, as Celery's clients know them. */
  result(taskId: string): string {
    return `${this.#celeryPrefix}celery-task-meta-${taskId}`;
  }

  /** State and fence beside a result: `state attempt delivery`. */
  fence(taskId: string): string {
    const result = this.result(taskId);
    const tag = tagBeside(result);
    // An id with braces may have another tag; then it stands behind it.
    return `${this.#prefix}:fence:{${tag}}${tag === result ? "" : taskId}`;
  }

  /** Revoked tasks: `:order` by the moment (a sorted set), `:until` by the end of their record, `:count` the last number. */
  get revoked(): string {
    return `${this.#prefix}:{revoked}`;
  }

  /**
   * What Celery's workers keep of a chord: its size, its members that have arrived (a sorted set by place), and how many were added while it ran
   * (wire format, 8.5). In a cluster they would lie in slots of their own, and Celery has none: there they are keys of ours.
   */
  chord(groupId: string): readonly [size: string, members: string, added: string] {
    const base = this.#isCluster ? this.join(groupId) : `${this.#celeryPrefix}celery-taskset-meta-${groupId}`;
    return [`${base}.s`, `${base}.j`, `${base}.t`];
  }

  /** A hash: `size`, `ttl`, `by` (who completed it), `n` (arrived), `z` (of these in Celery's set), and a member in each `m:<id>`. */
  join(joinId: string): string {
    return `${this.#prefix}:join:{${tagOf(joinId)}}`;
  }

  /** Holders by the end of their hold; beside it `:f` fences, `:t` waiters by turn, `:w` waiters by the end of their patience. */
  hold(name: string): string {
    return `${this.#prefix}:hold:{${tagOf(name)}}`;
  }

  /** Until when a token bucket is booked. */
  bucket(name: string): string {
    return `${this.#prefix}:bucket:{${tagOf(name)}}`;
  }

  /** Owner of a unique key. */
  unique(key: string): string {
    return `${this.#prefix}:unique:{${tagOf(key)}}`;
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

/** A name within the braces of a key: without one that would close them. */
function tagOf(name: string): string {
  return name.replaceAll("%", "%25").replaceAll("}", "%7D");
}
