import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import process from "node:process";
import { eventually } from "./eventually.ts";
import { hasLivingMembers } from "./living-members.ts";

/** How a process has ended. */
export interface ChildExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly atMs: number;
}

/** What to start. */
export interface ChildOptions {
  /** For messages. */
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  /** It is told things by `write`. @default false */
  readonly listens?: boolean;
}

const maxLogCharacters = 1_000_000;

/** A process of a test. It leads a group of its own, so that what it starts is found and ended with it. */
export class Child {
  readonly name: string;
  readonly pid: number;
  /** Resolves when the process has ended; never rejects. */
  readonly ended: Promise<ChildExit>;
  readonly #process: ChildProcess;
  #log = "";
  #exit: ChildExit | undefined;

  constructor({ name, command, args, cwd, env, listens = false }: ChildOptions) {
    this.name = name;
    const stdio = [listens ? "pipe" : "ignore", "pipe", "pipe"] as const;
    this.#process = spawn(command, args, { cwd, env: { ...process.env, ...env }, stdio: [...stdio], detached: true });
    const { pid } = this.#process;
    if (pid === undefined) throw new Error(`${name} could not be started.`);
    this.pid = pid;
    for (const stream of [this.#process.stdout, this.#process.stderr]) {
      stream?.setEncoding("utf8").on("data", (text: string) => this.#append(text));
    }
    this.ended = this.#watch();
  }

  /** What it has written, to either stream. */
  get log(): string {
    return this.#log;
  }

  /** Absent: it still runs. */
  get exit(): ChildExit | undefined {
    return this.#exit;
  }

  /** Writes to its standard input. */
  write(text: string): void {
    if (this.#process.stdin === null) throw new Error(`${this.name} was started without listening.`);
    this.#process.stdin.write(text);
  }

  /** Sends a signal to the process alone; answers when. */
  signal(name: NodeJS.Signals): number {
    this.#process.kill(name);
    return Date.now();
  }

  /** Sends a signal to the process and all it has started, as a terminal does. */
  signalGroup(name: NodeJS.Signals): void {
    process.kill(-this.pid, name);
  }

  /** Kills the process and waits for its end. */
  async kill(): Promise<ChildExit> {
    this.signal("SIGKILL");
    return await this.ended;
  }

  /** Waits for a line of its output. Rejects when it ends before. */
  async waitForLog(pattern: RegExp, withinMs: number): Promise<RegExpExecArray> {
    return await eventually(
      () => {
        const match = pattern.exec(this.#log);
        if (match === null && this.#exit !== undefined) throw new Error(`${this.name} ended early.\n${this.#log}`);
        return match ?? undefined;
      },
      { what: `${String(pattern)} in the log of ${this.name}`, withinMs, describe: () => this.#log },
    );
  }

  /** Waits for its end. */
  async waitForEnd(withinMs: number): Promise<ChildExit> {
    const describe = (): string => this.#log;
    return await eventually(() => this.#exit, { what: `the end of ${this.name}`, withinMs, describe });
  }

  /** Ends it and everything it has started. Answers what was still there beside itself. */
  async endGroup(): Promise<readonly string[]> {
    if (this.#exit === undefined) {
      this.#process.kill("SIGKILL");
      await this.ended;
    }
    const hasLeft = hasLivingMembers(this.pid);
    this.abandon();
    return hasLeft ? [`${this.name} (${this.pid}) left processes behind`] : [];
  }

  /** Kills it and what it has started, without waiting. */
  abandon(): void {
    try {
      process.kill(-this.pid, "SIGKILL");
    } catch {
      // There is no such group any more, as it should be.
    }
  }

  /** The end counts once all output was read; its instant is that of the process itself. */
  #watch(): Promise<ChildExit> {
    let atMs = 0;
    return new Promise((resolve) => {
      this.#process.once("exit", () => (atMs = Date.now()));
      this.#process.once("close", (code, signal) => resolve((this.#exit = { code, signal, atMs })));
    });
  }

  #append(text: string): void {
    this.#log = (this.#log + text).slice(-maxLogCharacters);
  }
}
