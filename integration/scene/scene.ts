import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { createApp } from "lovage";
import type { App, AppOptions, AsyncResult } from "lovage";
import { silentLog } from "@lovage/foundation";
import type { Connection, QueueStats } from "@lovage/transport";
import { expect, onTestFailed } from "vitest";
import type { Broker, Place } from "../brokers/broker.ts";
import type { LedgerEntry } from "../ledger/ledger-entry.ts";
import { LedgerReader } from "../ledger/ledger-reader.ts";
import { LedgerWriter } from "../ledger/ledger-writer.ts";
import type { Child } from "../processes/child.ts";
import { Crew } from "../processes/crew.ts";
import { eventually } from "../processes/eventually.ts";
import { lovageProgram, nodeProgram } from "../processes/node-program.ts";
import type { NodeProgram } from "../processes/node-program.ts";
import { pace } from "./pace.ts";

/** How a worker process is started. */
export interface WorkerStart {
  /** File of the app in `apps/`. @default "load.ts" */
  readonly app?: string;
  /** @default 8, as in the fault matrix */
  readonly concurrency?: number;
  /** Further arguments of `lovage worker`. */
  readonly args?: readonly string[];
  /** Further variables. */
  readonly env?: Readonly<Record<string, string>>;
}

const startMs = 30_000;
const batch = 500;

/** One test of the fault matrix: a broker's place, a ledger, processes and apps. All of it is gone after the test. */
export class Scene implements AsyncDisposable {
  readonly directory: string;
  /** Ends the test, with the reason why it cannot be done here. */
  readonly skip: (reason: string) => never;
  readonly place: Place;
  readonly #broker: Broker;
  readonly #ledger: LedgerReader;
  readonly #crew = new Crew();
  readonly #apps: App[] = [];
  readonly #connections: Connection[] = [];
  #writer: LedgerWriter | undefined;
  #client: App | undefined;

  constructor(broker: Broker, skip: (reason: string) => never) {
    this.#broker = broker;
    this.skip = skip;
    this.directory = mkdtempSync(path.join(tmpdir(), "lovage-fault-"));
    this.place = broker.place(this.directory, pace);
    this.#ledger = new LedgerReader(this.#ledgerDirectory);
    onTestFailed(() => {
      for (const { name, pid, log } of this.#crew.children) console.log(`--- ${name} (${pid})\n${endOf(log)}`);
    });
  }

  /** Name of the broker. */
  get broker(): string {
    return this.#broker.name;
  }

  /** An app that only sends and reads. */
  get client(): App {
    return (this.#client ??= this.createApp());
  }

  get entries(): readonly LedgerEntry[] {
    return this.#ledger.read();
  }

  get #ledgerDirectory(): string {
    return path.join(this.directory, "ledger");
  }

  /** An app on this broker, in the process of the test. It is closed after the test. */
  createApp(options: AppOptions = {}): App {
    const { broker, backend } = this.place;
    const app = createApp({ name: "test", broker, backend, log: silentLog, from: import.meta.filename, ...options });
    this.#apps.push(app);
    return app;
  }

  /** A connection without an app, to put there what no producer of ours would send. It is closed after the test. */
  async openTransport(): Promise<Connection> {
    const connection = await this.place.openTransport();
    this.#connections.push(connection);
    return connection;
  }

  /** Starts `lovage worker` and waits until it takes tasks. */
  async startWorker({ app = "load.ts", concurrency = 8, args = [], env = {} }: WorkerStart = {}): Promise<Child> {
    const file = fileURLToPath(new URL(`../apps/${app}`, import.meta.url));
    const program = lovageProgram(["-A", file, "worker", "--concurrency", String(concurrency), ...args]);
    const worker = this.start(`worker ${this.#crew.children.length + 1}`, program, env);
    await worker.waitForLog(/Worker is ready/u, startMs);
    return worker;
  }

  async startWorkers(count: number, start?: WorkerStart): Promise<readonly Child[]> {
    return await Promise.all(Array.from({ length: count }, () => this.startWorker(start)));
  }

  /** Starts a module of `apps/` as a program. */
  startProgram(file: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): Child {
    return this.start(file, nodeProgram(fileURLToPath(new URL(`../apps/${file}`, import.meta.url)), args), env);
  }

  /** Sends calls of a task of `apps/` from this process and records that they were accepted. */
  async send(task: string, argsList: readonly unknown[][]): Promise<readonly AsyncResult<unknown>[]> {
    const remote = this.client.remote<(...args: unknown[]) => unknown>(task);
    this.#writer ??= new LedgerWriter(this.#ledgerDirectory);
    const results: AsyncResult<unknown>[] = [];
    for (let sent = 0; sent < argsList.length; sent += batch) {
      const accepted = await remote.applyMany(argsList.slice(sent, sent + batch));
      this.#writer.write(...accepted.map(({ id }) => ({ kind: "accepted", taskId: id }) as const));
      results.push(...accepted);
    }
    return results;
  }

  /** Waits until the ledger says so. */
  async until(what: string, isSo: (entries: readonly LedgerEntry[]) => boolean, withinMs = 60_000): Promise<void> {
    const describe = (): string => this.#describe();
    await eventually(() => isSo(this.entries), { what, withinMs, describe });
  }

  /** Waits until handlers have finished so many tasks. */
  async untilFinished(count: number, withinMs?: number): Promise<void> {
    const finished = new Set<string>();
    let seen = 0;
    await this.until(
      `${count} finished tasks`,
      (entries) => {
        for (const { kind, taskId } of entries.slice(seen)) if (kind === "finished") finished.add(taskId);
        seen = entries.length;
        return finished.size >= count;
      },
      withinMs,
    );
  }

  /** Waits until the queue is empty: everything is settled, and nothing was dead-lettered. */
  async untilEmpty(withinMs = 30_000): Promise<void> {
    const { dead } = await this.untilSettled(withinMs);
    expect(dead, "dead letters").toBe(0);
  }

  /** Waits until nothing is in the queue, be it ready, delayed or with a worker. */
  async untilSettled(withinMs = 30_000): Promise<QueueStats> {
    const queue = this.client.queue("default");
    let stats = await queue.stats();
    const isEmpty = async (): Promise<boolean> => {
      stats = await queue.stats();
      return [stats.ready, stats.delayed, stats.unsettled].every((count) => count === 0);
    };
    await eventually(isEmpty, { what: "an empty queue", withinMs, describe: () => JSON.stringify(stats) });
    return stats;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      await this.#crew[Symbol.asyncDispose]();
    } finally {
      await Promise.all([...this.#apps, ...this.#connections].map((opened) => opened.close()));
      this.#writer?.close();
      rmSync(this.directory, { recursive: true, force: true });
    }
  }

  /** Starts a program that is told of broker, backend and ledger. */
  start(name: string, { command, args }: NodeProgram, env: Readonly<Record<string, string>> = {}): Child {
    const { broker, backend } = this.place;
    const told = { LOVAGE_BROKER_URL: broker, LOVAGE_RESULT_BACKEND: backend, FAULTS_LEDGER: this.#ledgerDirectory };
    return this.#crew.start({ name, command, args, cwd: this.directory, env: { ...told, ...env } });
  }

  #describe(): string {
    const counts = Map.groupBy(this.entries, ({ kind }) => kind);
    return [...counts].map(([kind, entries]) => `${kind} ${entries.length}`).join(", ");
  }
}

/** The last lines of a log, without those that every task writes. */
function endOf(log: string): string {
  const lines = log.split("\n").filter((line) => !line.includes("Task succeeded."));
  return lines.slice(-15).join("\n");
}
