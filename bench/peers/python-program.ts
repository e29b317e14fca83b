import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import process from "node:process";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { fileURLToPath } from "node:url";

const folder = fileURLToPath(new URL("../python/", import.meta.url));

/** How it is started. */
export interface PythonLaunch {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** A Python process that is told things line by line, and ends with this one. */
export class PythonProgram {
  /** Hears what it writes to its file descriptor 3. */
  onTold: (bytes: Buffer) => void = () => {};
  readonly #child: ChildProcess;
  readonly #input: Writable;
  readonly #lines: AsyncIterator<string, undefined>;
  readonly #ended: Promise<unknown>;

  constructor({ command, args, env }: PythonLaunch) {
    this.#child = spawn(command, args, {
      cwd: folder,
      env: { ...process.env, ...env },
      stdio: ["pipe", "pipe", "inherit", "pipe"],
    });
    this.#ended = once(this.#child, "exit");
    const streams: readonly unknown[] = this.#child.stdio;
    this.#input = streams[0] as Writable;
    this.#lines = createInterface({ input: streams[1] as Readable })[Symbol.asyncIterator]();
    (streams[3] as Readable).on("data", (bytes: Buffer) => this.onTold(bytes));
  }

  write(line: string): void {
    this.#input.write(`${line}\n`);
  }

  /** The next line that it says. @throws Error when it has ended */
  async line(): Promise<string> {
    const { value, done } = await this.#lines.next();
    if (done === true) throw new Error(`${this.#child.spawnargs.join(" ")} has ended.`);
    return value;
  }

  /** Waits until it says this line. @throws Error when it ends before */
  async saying(wanted: string): Promise<void> {
    while ((await this.line()) !== wanted);
  }

  /** Asks for an orderly end. Resolves when it has ended. */
  async end(): Promise<void> {
    this.#child.kill("SIGTERM");
    await this.#ended;
  }
}
