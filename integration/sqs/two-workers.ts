import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { silentLog } from "@lovage/foundation";
import { createApp } from "lovage";
import type { App } from "lovage";
import { LedgerReader } from "../ledger/ledger-reader.ts";
import { Crew } from "../processes/crew.ts";
import { lovageProgram } from "../processes/node-program.ts";

const appFile = fileURLToPath(new URL("../apps/load.ts", import.meta.url));
const startMs = 60_000;

/** Two worker processes on one SQS, with their results in a file, and what their tasks have written: gone after the test. */
export class TwoWorkers implements AsyncDisposable {
  readonly client: App;
  readonly ledger: LedgerReader;
  readonly #crew: Crew;
  readonly #directory: string;

  private constructor(client: App, crew: Crew, directory: string) {
    this.client = client;
    this.#crew = crew;
    this.#directory = directory;
    this.ledger = new LedgerReader(path.join(directory, "ledger"));
  }

  /** Starts them; resolves when both take tasks. @param broker URL of SQS, with options */
  static async start(broker: string): Promise<TwoWorkers> {
    const directory = await mkdtemp(path.join(tmpdir(), "lovage-sqs-"));
    const backend = `sqlite:${path.join(directory, "results.db")}`;
    const client = createApp({ name: "client", broker, backend, log: silentLog, from: import.meta.filename });
    const two = new TwoWorkers(client, new Crew(), directory);
    try {
      await Promise.all(["first", "second"].map((name) => two.#startWorker(name, { broker, backend })));
      return two;
    } catch (error) {
      await two[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** The last lines of both, for a test that fails. */
  logs(): string {
    return this.#crew.children.map(({ name, log }) => `--- ${name}\n${log.slice(-2_000)}`).join("\n");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      await this.client.close();
    } finally {
      await this.#crew[Symbol.asyncDispose]();
      await rm(this.#directory, { recursive: true, maxRetries: 5 });
    }
  }

  async #startWorker(
    name: string,
    { broker, backend }: { readonly broker: string; readonly backend: string },
  ): Promise<void> {
    const program = lovageProgram(["-A", appFile, "worker", "--concurrency", "4"]);
    const ledger = path.join(this.#directory, "ledger");
    const env = { LOVAGE_BROKER_URL: broker, LOVAGE_RESULT_BACKEND: backend, FAULTS_LEDGER: ledger };
    const worker = this.#crew.start({ name, ...program, cwd: process.cwd(), env });
    await worker.waitForLog(/Worker is ready/u, startMs);
  }
}
