import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { Broker, Place } from "../brokers/broker.ts";
import type { Child } from "../processes/child.ts";
import { Crew } from "../processes/crew.ts";
import { lovageProgram } from "../processes/node-program.ts";
import { appFile } from "../scene/app-file.ts";
import { pace } from "../scene/pace.ts";
import { makeLadder } from "../services/ladder/make-ladder.ts";
import type { OwnServer } from "../services/service.ts";

/** What each worker runs at once. */
export const concurrency = 8;
const workers = 4;
const startMs = 60_000;

/** The broker, its server and the worker processes of a soak. All of it is gone after it. */
export class SoakSite implements AsyncDisposable {
  readonly broker: Broker;
  readonly server: OwnServer | undefined;
  readonly directory: string = mkdtempSync(path.join(tmpdir(), "lovage-soak-"));
  readonly place: Place;
  /** Workers that may be killed. */
  readonly crew: Child[] = [];
  readonly #processes = new Crew();
  #witness: Child | undefined;
  #started = 0;

  private constructor(broker: Broker, server: OwnServer | undefined) {
    this.broker = broker;
    this.server = server;
    this.place = broker.place({ directory: this.directory, pace, url: server?.url ?? "" });
  }

  /** Starts the server of the broker, if it has one, and the workers. */
  static async open(broker: Broker): Promise<SoakSite> {
    const { service, rungs } = broker;
    const server = service === undefined ? undefined : await makeLadder().start(service, rungs);
    const site = new SoakSite(broker, server);
    try {
      if (server !== undefined) await broker.prepare?.(server, site.directory);
      site.#witness = await site.#startWorker();
      while (site.crew.length < workers - 1) await site.addWorker();
      return site;
    } catch (error) {
      await site[Symbol.asyncDispose]();
      throw error;
    }
  }

  get ledger(): string {
    return path.join(this.directory, "ledger");
  }

  /** A worker that is never killed: its memory tells whether it leaks. */
  get witness(): Child {
    if (this.#witness === undefined) throw new Error("The soak has not begun.");
    return this.#witness;
  }

  async addWorker(): Promise<void> {
    this.crew.push(await this.#startWorker());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      await this.#processes[Symbol.asyncDispose]();
    } finally {
      await this.server?.[Symbol.asyncDispose]();
      rmSync(this.directory, { recursive: true, force: true });
    }
  }

  async #startWorker(): Promise<Child> {
    this.#started += 1;
    const { broker, backend } = this.place;
    const env = {
      LOVAGE_BROKER_URL: broker,
      LOVAGE_RESULT_BACKEND: backend,
      FAULTS_LEDGER: this.ledger,
      // Results must go again while the soak runs, else the store grows by right.
      FAULTS_RESULT_EXPIRES: "20s",
    };
    const program = lovageProgram(["-A", appFile("load.ts"), "worker", "--concurrency", String(concurrency)]);
    const worker = this.#processes.start({ name: `worker ${this.#started}`, cwd: this.directory, env, ...program });
    await worker.waitForLog(/Worker is ready/u, startMs);
    return worker;
  }
}
