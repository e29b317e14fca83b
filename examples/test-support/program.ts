import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import process from "node:process";

/** How a program has ended. */
export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** What to run. */
export interface ProgramOptions {
  /** Arguments of Node. */
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** A program of the examples in a process of its own. It leads a group, so that what it starts is found. */
export class Program implements AsyncDisposable {
  /** Resolves when it has ended and all it said was read. */
  readonly ended: Promise<Ended>;
  readonly #process: ChildProcess;
  #stdout = "";

  constructor({ args, cwd, env = {} }: ProgramOptions) {
    const child = spawn(process.execPath, ["--conditions=source", ...args], {
      cwd,
      env: { ...process.env, ...env },
      stdio: ["ignore", "pipe", "pipe"],
      detached: true,
    });
    let stderr = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => (this.#stdout += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
    this.#process = child;
    this.ended = once(child, "close").then(([code]) => ({
      code: code as number | null,
      stdout: this.#stdout,
      stderr,
    }));
  }

  /** What it has printed so far. */
  get stdout(): string {
    return this.#stdout;
  }

  /** Asks it to end, as Ctrl-C or a service manager does. */
  async stop(signal: "SIGTERM" | "SIGINT" = "SIGTERM"): Promise<Ended> {
    this.#process.kill(signal);
    return await this.ended;
  }

  /** Whether it, or something it has started, still runs. */
  isAlive(): boolean {
    return this.#signalGroup(0);
  }

  /** Kills what is left of it. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#signalGroup("SIGKILL");
    await this.ended;
  }

  #signalGroup(signal: NodeJS.Signals | 0): boolean {
    const { pid } = this.#process;
    try {
      return pid !== undefined && process.kill(-pid, signal);
    } catch {
      // There is no such group any more.
      return false;
    }
  }
}
