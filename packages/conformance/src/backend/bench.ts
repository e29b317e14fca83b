import { randomUUID } from "node:crypto";
import type { Backend, Coordination, Joins, ResultPut, Results, Schedules } from "@lovage/backend";
import { systemClock } from "@lovage/foundation";
import type { BackendHarness } from "./backend-harness.ts";

const lookMs = 2;

/** A backend with all the parts that the case says it needs. */
export interface FullBackend extends Backend {
  readonly results: Results;
  readonly joins: Joins;
  readonly coordination: Coordination;
  readonly schedules: Schedules;
}

/** What one case works with: an open backend, ids of its own, and time. */
export class Bench {
  readonly backend: FullBackend;
  readonly #harness: BackendHarness;
  readonly #opened: FullBackend[] = [];
  readonly #prefix: string = randomUUID();
  readonly #patienceMs: number;

  constructor(backend: Backend, harness: BackendHarness, patienceMs: number) {
    // Cases run only where the parts they need are there.
    this.backend = backend as FullBackend;
    this.#harness = harness;
    this.#patienceMs = patienceMs;
  }

  get results(): Results {
    return this.backend.results;
  }
  get joins(): Joins {
    return this.backend.joins;
  }
  get coordination(): Coordination {
    return this.backend.coordination;
  }
  get schedules(): Schedules {
    return this.backend.schedules;
  }

  /** An id that no other case uses. */
  id(name: string): string {
    return `${this.#prefix}:${name}`;
  }

  /** Whether an id is one of this case's. */
  owns(id: string): boolean {
    return id.startsWith(`${this.#prefix}:`);
  }

  /** A record of this case; `name` is told apart by the case only. Where results travel by message, it is addressed to the case's own backend. */
  put(name: string, changes: Partial<ResultPut> = {}): ResultPut {
    const { results }: Backend = this.backend;
    return {
      ...(results?.replyTo === undefined ? {} : { replyTo: results.replyTo }),
      taskId: this.id(name),
      state: "STARTED",
      document: `{"task_id":"${name}"}`,
      fence: [0, 1],
      expiresInMs: 3_600_000,
      ...changes,
    };
  }

  /** One more backend on the same store; closed after the case. */
  async open(): Promise<FullBackend> {
    const backend = (await this.#harness.open()) as FullBackend;
    this.#opened.push(backend);
    return backend;
  }

  /** Makes a call many times at once, by three backends of the same store in turn. */
  async atOnce<T>(times: number, call: (backend: FullBackend, index: number) => Promise<T>): Promise<T[]> {
    const others = [await this.open(), await this.open()];
    return await Promise.all(
      Array.from({ length: times }, (_, index) => call(others[index % 3] ?? this.backend, index)),
    );
  }

  advance(ms: number): Promise<void> {
    return this.#harness.advance(ms);
  }

  /** Waits until something holds. */
  async until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
    const endsAtMs = systemClock.monotonic() + this.#patienceMs;
    while (!(await holds())) {
      if (systemClock.monotonic() > endsAtMs) throw new Error(`Not within ${this.#patienceMs} ms: ${what}.`);
      await systemClock.sleep(lookMs);
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.#opened.map((backend) => backend.close()));
  }
}
