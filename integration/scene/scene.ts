import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { createApp } from "lovage";
import type { App, AppOptions, AsyncResult } from "lovage";
import { isLovageError, silentLog } from "@lovage/foundation";
import type { Connection } from "@lovage/transport";
import { expect } from "vitest";
import type { Broker, Pace, Place } from "../brokers/broker.ts";
import type { LedgerEntry } from "../ledger/ledger-entry.ts";
import { LedgerReader } from "../ledger/ledger-reader.ts";
import { LedgerWriter } from "../ledger/ledger-writer.ts";
import type { Child } from "../processes/child.ts";
import { Crew } from "../processes/crew.ts";
import { eventually } from "../processes/eventually.ts";
import { lovageProgram, nodeProgram } from "../processes/node-program.ts";
import type { NodeProgram } from "../processes/node-program.ts";
import { appFile } from "./app-file.ts";
import { BrokerHost } from "./broker-host.ts";
import type { BrokerHostOptions } from "./broker-host.ts";
import { countsOf } from "./counts-of.ts";
import type { Counts } from "./counts-of.ts";
import { depth } from "./depth.ts";
import { endOfLog } from "./end-of-log.ts";
import { pace as defaultPace } from "./pace.ts";
import type { WorkerStart } from "./worker-start.ts";

/** What a scene is made of beside its broker. The first two are the test's own: others may run beside it. */
export interface SceneOptions extends Pick<BrokerHostOptions, "server" | "clock"> {
  /** Ends the test, with the reason. */
  readonly skip: (reason: string) => never;
  /** Has something done when the test fails. */
  readonly onTestFailed: (tell: () => void) => void;
  /** @default that of the depth */
  readonly pace?: Pace | undefined;
}

const startMs = 30_000 * depth.patience;
const batch = 500;

/** One test of the fault matrix: a broker's place, a ledger, processes and apps. All of it is gone after the test. */
export class Scene implements AsyncDisposable {
  readonly directory: string;
  /** Ends the test, with the reason why it cannot be done here. */
  readonly skip: (reason: string) => never;
  readonly host: BrokerHost;
  readonly #broker: Broker;
  readonly #ledger: LedgerReader;
  readonly #crew = new Crew();
  readonly #apps: App[] = [];
  readonly #connections: Connection[] = [];
  #writer: LedgerWriter | undefined;
  #client: App | undefined;

  constructor(broker: Broker, { skip, onTestFailed, server, clock, pace = defaultPace }: SceneOptions) {
    this.#broker = broker;
    this.skip = skip;
    this.directory = mkdtempSync(path.join(tmpdir(), "lovage-fault-"));
    this.host = new BrokerHost(broker, { directory: this.directory, pace, server, clock });
    this.#ledger = new LedgerReader(this.#ledgerDirectory);
    onTestFailed(() => {
      for (const { name, pid, log } of this.#crew.children) console.log(`--- ${name} (${pid})\n${endOfLog(log)}`);
    });
  }

  get place(): Place {
    return this.host.place;
  }

  /** Name of the broker. */
  get broker(): string {
    return this.#broker.name;
  }

  /** Whether other processes see its queues. */
  get hasProcesses(): boolean {
    return this.#broker.exemptions[1] === undefined;
  }

  /** Whether results are where the messages are, behind the same network. */
  get keepsResults(): boolean {
    return new URL(this.place.broker).protocol === new URL(this.place.backend).protocol;
  }

  /** So many messages as this broker can be given in a test that wants very many. */
  bulk(count: number): number {
    return Math.ceil(count * (this.#broker.bulkShare ?? 1));
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
  createApp(options: AppOptions = {}, { broker, backend }: Place = this.place): App {
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
  async startWorker(start: WorkerStart = {}): Promise<Child> {
    const { app = "load.ts", concurrency = 8, args = [], env = {}, heapMb, behind } = start;
    const program = lovageProgram(["-A", appFile(app), "worker", "--concurrency", String(concurrency), ...args]);
    const name = `worker ${this.#crew.children.length + 1}`;
    const worker = this.start(name, program, {
      ...(behind === undefined ? {} : urlsOf(this.host.placeBehind(behind))),
      ...(heapMb === undefined ? {} : { NODE_OPTIONS: `--max-old-space-size=${heapMb}` }),
      ...env,
    });
    await worker.waitForLog(/Worker is ready/u, startMs);
    return worker;
  }

  async startWorkers(count: number, start?: WorkerStart): Promise<readonly Child[]> {
    return await Promise.all(Array.from({ length: count }, () => this.startWorker(start)));
  }

  /** Starts a module of `apps/` as a program. */
  startProgram(file: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): Child {
    return this.start(file, nodeProgram(appFile(file), args), env);
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
  async until(what: string, isSo: (entries: readonly LedgerEntry[]) => boolean, withinMs = 120_000): Promise<void> {
    const describe = (): string => this.#describe();
    await eventually(() => isSo(this.entries), { what, withinMs: withinMs * depth.patience, describe });
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

  /**
   * Waits until every task that was accepted by now has finished. A task that nobody knows to be accepted may finish too, so that a count of finished
   * ones says nothing where a send was uncertain.
   */
  async untilAllFinished(withinMs?: number): Promise<void> {
    const open = new Set(this.entries.filter(({ kind }) => kind === "accepted").map(({ taskId }) => taskId));
    let seen = 0;
    await this.until(
      "the end of every accepted task",
      (entries) => {
        for (const { kind, taskId } of entries.slice(seen)) if (kind === "finished") open.delete(taskId);
        seen = entries.length;
        return open.size === 0;
      },
      withinMs,
    );
  }

  /** Waits until the queue is empty: everything is settled, and nothing was dead-lettered. */
  async untilEmpty(withinMs = 120_000): Promise<void> {
    const { dead } = await this.untilSettled(withinMs);
    expect(dead, "dead letters").toBe(0);
  }

  /** Waits until nothing is in the queue, be it ready, delayed or with a worker. */
  async untilSettled(withinMs = 120_000): Promise<Counts> {
    let counts: Counts | undefined;
    const isEmpty = async (): Promise<boolean> => {
      try {
        counts = await countsOf(this.client);
      } catch (error) {
        // It may be on its way back to its broker.
        if (isLovageError(error) && error.retryable) return false;
        throw error;
      }
      return counts.ready + counts.delayed + counts.unsettled === 0;
    };
    const describe = (): string => JSON.stringify(counts);
    await eventually(isEmpty, { what: "an empty queue", withinMs: withinMs * depth.patience, describe });
    return counts!;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      await this.#crew[Symbol.asyncDispose]();
    } finally {
      // What is still open says goodbye to its broker, if there is one.
      await this.host.heal();
      await Promise.all([...this.#apps, ...this.#connections].map((opened) => opened.close()));
      await this.host[Symbol.asyncDispose]();
      this.#writer?.close();
      rmSync(this.directory, { recursive: true, force: true });
    }
  }

  /** Starts a program that is told of broker, backend and ledger. */
  start(name: string, { command, args }: NodeProgram, env: Readonly<Record<string, string>> = {}): Child {
    const told = { ...urlsOf(this.place), FAULTS_LEDGER: this.#ledgerDirectory, ...this.host.env };
    return this.#crew.start({ name, command, args, cwd: this.directory, env: { ...told, ...env } });
  }

  #describe(): string {
    const counts = Map.groupBy(this.entries, ({ kind }) => kind);
    return [...counts].map(([kind, entries]) => `${kind} ${entries.length}`).join(", ");
  }
}

function urlsOf({ broker, backend }: Place): Readonly<Record<string, string>> {
  return { LOVAGE_BROKER_URL: broker, LOVAGE_RESULT_BACKEND: backend };
}
