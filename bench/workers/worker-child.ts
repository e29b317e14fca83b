import { fork } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { CrewOptions, Usage } from "./crew.ts";
import type { RunLog } from "./run-log.ts";
import type { WorkerCommand, WorkerNote, WorkerStep } from "./worker-note.ts";

const sources = new URL("./worker-program.ts", import.meta.url);
const built = new URL("../dist/bench/workers/worker-program.js", import.meta.url);

/** A worker process. It ends with this process. */
export class WorkerChild {
  readonly #process: ChildProcess;
  readonly #runs: RunLog;
  #usage: Usage | undefined;
  #awaited: { readonly step: WorkerStep; readonly settled: PromiseWithResolvers<void> } | undefined;

  constructor({ peer, folder, telling, runs, isBuilt = false }: CrewOptions) {
    this.#runs = runs;
    const program = fileURLToPath(isBuilt ? built : sources);
    // What is built must not find the sources of a package.
    this.#process = fork(program, [peer.name, folder, telling], isBuilt ? { execArgv: [] } : {});
    this.#process.on("message", (note: WorkerNote) => this.#keep(note));
    this.#process.once("exit", (code, signal) => this.#fail(`ended with ${code ?? signal}`));
  }

  /** Waits until it is loaded and connected. */
  async ready(): Promise<void> {
    await this.#reach("ready");
  }

  /** Tells it something, and waits until it has come to a step. */
  async tell(command: WorkerCommand, step: WorkerStep): Promise<void> {
    const reached = this.#reach(step);
    this.#process.send(command);
    await reached;
  }

  /** What it takes now. */
  async usage(): Promise<Usage> {
    await this.tell("measure", "measured");
    if (this.#usage === undefined) throw new Error("A worker process did not tell what it takes.");
    return this.#usage;
  }

  #reach(step: WorkerStep): Promise<void> {
    const settled = Promise.withResolvers<void>();
    this.#awaited = { step, settled };
    return settled.promise;
  }

  #keep(note: WorkerNote): void {
    if (typeof note === "string") {
      if (note === this.#awaited?.step) this.#awaited.settled.resolve();
    } else if ("usage" in note) this.#usage = note.usage;
    else if ("count" in note) this.#runs.add(note.count);
    else for (let i = 0; i < note.runs.length; i += 2) this.#runs.record(note.runs[i] ?? 0, note.runs[i + 1] ?? 0);
  }

  /** Does nothing once the step was reached. An end in between is found by the next step, or by the jobs that do not run. */
  #fail(why: string): void {
    this.#awaited?.settled.reject(new Error(`A worker process ${why} before it was ${this.#awaited.step}.`));
  }
}
