import { fileURLToPath } from "node:url";
import { silentLog } from "@lovage/foundation";
import process from "node:process";
import { createApp } from "lovage";
import type { App } from "lovage";
import type { Child } from "../../processes/child.ts";
import { Crew } from "../../processes/crew.ts";
import { lovageProgram } from "../../processes/node-program.ts";
import type { OwnServer } from "../../services/service.ts";
import type { InteropBroker, MeetingPlace } from "../brokers/interop-broker.ts";
import type { Celery } from "../celery/celery.ts";
import { PythonDriver } from "../celery/python-driver.ts";
import type { PythonResult } from "../celery/python-driver.ts";
import { PythonProcess } from "../celery/python-process.ts";
import type { PythonStart } from "../celery/python-process.ts";
import { queueOptions, queues } from "./queue-options.ts";
import { readByClient } from "./read-by-client.ts";

const startMs = 60_000;
const appFile = fileURLToPath(new URL("../apps/tasks.ts", import.meta.url));

const celeryWorker = [
  ["-m", "celery", "-A", "tasks", "worker", "--loglevel", "INFO", "--concurrency", "2", "--pool", "threads"],
  ["--without-gossip", "--without-mingle", "--without-heartbeat", "--hostname", "python@interop"],
].flat();

/** The servers of one test. */
export interface InteropServers {
  readonly broker: OwnServer;
  /** Absent: results are with the broker. */
  readonly results?: OwnServer;
}

/** One broker of its own, and the processes of both languages that meet there. All of it is gone after the suite. */
export class InteropScene implements AsyncDisposable {
  readonly #servers: InteropServers;
  readonly broker: InteropBroker;
  readonly celery: Celery;
  readonly place: MeetingPlace;
  readonly #crew = new Crew();
  readonly #pythons: PythonProcess[] = [];
  #client: App | undefined;
  #driver: Promise<PythonDriver> | undefined;

  constructor(servers: InteropServers, broker: InteropBroker, celery: Celery) {
    this.#servers = servers;
    this.broker = broker;
    this.celery = celery;
    const resultsUrl = (servers.results ?? servers.broker).url;
    const { url, origin } = servers.broker;
    const [, version = ""] = /, version (.+)$/u.exec(origin) ?? [];
    this.place = broker.place({ url, resultsUrl, version, celery: celery.release });
  }

  /** An app of Lovage that only sends and reads. */
  get client(): App {
    const { broker, backend } = this.place;
    return (this.#client ??= createApp({
      name: "caller",
      broker,
      backend,
      log: silentLog,
      from: import.meta.filename,
      queues: queueOptions(this.place.drivers),
      routes: { "py.*": queues.python },
      defaultQueue: queues.lovage,
    }));
  }

  /** A Python program that sends and reads; started when it is first asked for. */
  get python(): Promise<PythonDriver> {
    return (this.#driver ??= this.#startDriver());
  }

  /** Starts a stock worker of Celery and waits until it takes tasks. */
  async startPythonWorker(reads: readonly string[] = [queues.python]): Promise<PythonProcess> {
    const worker = this.#startPython({
      name: "python worker",
      args: [...celeryWorker, "--queues", reads.join(",")],
    });
    await worker.child.waitForLog(/python@interop ready/u, startMs);
    return worker;
  }

  /** Starts `lovage worker` and waits until it takes tasks. */
  async startLovageWorker(reads: readonly string[] = [queues.lovage]): Promise<Child> {
    const { command, args } = lovageProgram([
      "-A",
      appFile,
      "worker",
      "--queues",
      reads.join(","),
      "--concurrency",
      "4",
    ]);
    const { broker, backend, drivers = {} } = this.place;
    const env = {
      LOVAGE_BROKER_URL: broker,
      LOVAGE_RESULT_BACKEND: backend,
      INTEROP_DRIVERS: JSON.stringify(drivers),
    };
    const worker = this.#crew.start({ name: "lovage worker", command, args, cwd: process.cwd(), env });
    await worker.waitForLog(/Worker is ready/u, startMs);
    return worker;
  }

  /** A result as each side reads it that may: both, or, where results travel by message, only the one that sent the call. */
  async readings(id: string, sender: "lovage" | "python"): Promise<readonly PythonResult[]> {
    const first = await this.reading(id, sender);
    return this.broker.isReadByCallerOnly === true ? [first] : [first, await (await this.python).get(id)];
  }

  /** A result as Lovage reads it, or, where it may not, Python. */
  async reading(id: string, sender: "lovage" | "python"): Promise<PythonResult> {
    const isPythons = sender === "python" && this.broker.isReadByCallerOnly === true;
    return isPythons ? await (await this.python).get(id) : await readByClient(this.client, id);
  }

  /** The last lines of all processes, for a test that has failed. */
  logs(): string {
    return this.#crew.children
      .map(({ name, log }) => `--- ${name}\n${log.split("\n").slice(-25).join("\n")}`)
      .join("\n");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      await this.#client?.close();
      for (const python of this.#pythons) await python[Symbol.asyncDispose]();
    } finally {
      await this.#crew[Symbol.asyncDispose]();
      await this.#servers.broker[Symbol.asyncDispose]();
      await this.#servers.results?.[Symbol.asyncDispose]();
    }
  }

  async #startDriver(): Promise<PythonDriver> {
    const driver = new PythonDriver(this.#startPython({ name: "python producer", args: ["drive.py"], listens: true }));
    await driver.ready();
    return driver;
  }

  #startPython(start: Omit<PythonStart, "env">): PythonProcess {
    const { celeryBroker, celeryBackend, celeryConfig = {}, celeryArguments = {}, celeryEnv = {} } = this.place;
    const env = {
      ...celeryEnv,
      INTEROP_BROKER: celeryBroker,
      INTEROP_BACKEND: celeryBackend,
      INTEROP_CONFIG: JSON.stringify(celeryConfig),
      INTEROP_QUEUE_ARGUMENTS: JSON.stringify(celeryArguments),
    };
    const started = new PythonProcess(this.#crew, this.celery, { ...start, env });
    this.#pythons.push(started);
    return started;
  }
}
