import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { setTimeout as pause } from "node:timers/promises";

const program = fileURLToPath(import.meta.resolve("../../../packages/core/bin/lovage.js"));
const apps = fileURLToPath(import.meta.resolve("../apps"));
const modules = fileURLToPath(import.meta.resolve("../../node_modules"));

/** How a command ended. */
export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** How a command is started. */
export interface CommandOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Options of node, before the program. */
  readonly nodeOptions?: readonly string[];
}

/** A command that runs. */
export class Command {
  readonly ended: Promise<Ended>;
  readonly #child: ChildProcess;
  #stdout = "";
  #stderr = "";

  constructor(child: ChildProcess) {
    this.#child = child;
    child.stdout?.on("data", (chunk: Buffer) => (this.#stdout += chunk.toString()));
    child.stderr?.on("data", (chunk: Buffer) => (this.#stderr += chunk.toString()));
    const { promise, resolve } = Promise.withResolvers<Ended>();
    child.once("close", (code) => resolve({ code, stdout: this.#stdout, stderr: this.#stderr }));
    this.ended = promise;
  }

  get pid(): number {
    return this.#child.pid as number;
  }

  get stderr(): string {
    return this.#stderr;
  }

  /** Log lines so far, as they were written. */
  get log(): readonly Readonly<Record<string, unknown>>[] {
    const lines = this.#stderr.split("\n").slice(0, -1);
    return lines.filter((line) => line.startsWith("{")).map((line) => JSON.parse(line) as Record<string, unknown>);
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Waits until the log has so many lines with a message that contains a text. */
  async logged(message: string, count = 1): Promise<void> {
    await until(
      `${count} x "${message}" in the log`,
      () => this.log.filter(({ msg }) => String(msg).includes(message)).length >= count,
    );
  }
}

/** A folder of its own for a test, with the app of these tests in it, and the commands that run there. */
export class Folder {
  readonly path: string = mkdtempSync(path.join(tmpdir(), "lovage-cli-"));
  readonly #started: Command[] = [];

  /** @param files More files, by name. */
  constructor(files: Readonly<Record<string, string>> = {}) {
    symlinkSync(modules, path.join(this.path, "node_modules"));
    cpSync(apps, this.path, { recursive: true });
    for (const [name, text] of Object.entries(files)) {
      const file = path.join(this.path, name);
      mkdirSync(path.dirname(file), { recursive: true });
      writeFileSync(file, text);
    }
  }

  /** Starts `lovage` with some arguments. */
  start(args: readonly string[], { env = {}, nodeOptions = [] }: CommandOptions = {}): Command {
    const ours = Object.entries(process.env).filter(
      ([name]) => !/^(LOVAGE_|VITEST|NODE_OPTIONS|FORCE_COLOR)/.test(name),
    );
    const child = spawn(process.execPath, [...nodeOptions, program, ...args], {
      cwd: this.path,
      env: { ...Object.fromEntries(ours), ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const command = new Command(child);
    this.#started.push(command);
    return command;
  }

  /** Runs `lovage` to its end. */
  run(args: readonly string[], options?: CommandOptions): Promise<Ended> {
    return this.start(args, options).ended;
  }

  /** Starts a worker and waits until so many processes take tasks. */
  async startWorker(args: readonly string[] = [], processes = 1): Promise<Command> {
    const worker = this.start(["-A", "tasks.ts", "worker", ...args]);
    await worker.logged("Worker is ready", processes);
    return worker;
  }

  /** Sends a call; gives its id. */
  async call(task: string, ...args: readonly unknown[]): Promise<string> {
    const { code, stdout, stderr } = await this.run(["-A", "tasks.ts", "call", task, "--args", JSON.stringify(args)]);
    if (code !== 0) throw new Error(`call ${task}: ${stderr}`);
    return stdout.trim();
  }

  /** What the handlers have noted: words of the ledger, in order. */
  ledger(): readonly { readonly what: string; readonly pid: number }[] {
    const file = path.join(this.path, "ledger.txt");
    const lines = existsSync(file) ? readFileSync(file, "utf8").split("\n").slice(0, -1) : [];
    return lines.map((line) => ({ what: line.split(" ")[0] ?? "", pid: Number(line.split(" ")[1]) }));
  }

  /** Lets the tasks that hold go on. */
  goOn(): void {
    writeFileSync(path.join(this.path, "go-on"), "");
  }

  /** Waits until handlers have noted something so often. */
  async noted(what: string, count = 1): Promise<void> {
    await until(
      `${count} x ${what} in the ledger`,
      () => this.ledger().filter((entry) => entry.what === what).length >= count,
    );
  }

  /** Ends what still runs and removes the folder. */
  async remove(): Promise<void> {
    for (const command of this.#started) command.kill("SIGKILL");
    await Promise.all(this.#started.map(({ ended }) => ended));
    rmSync(this.path, { recursive: true, force: true });
  }
}

/** Waits for a condition; fails with its name after half a minute. */
export async function until(what: string, isSo: () => boolean | Promise<boolean>): Promise<void> {
  const endsAtMs = Date.now() + 30_000;
  while (!(await isSo())) {
    if (Date.now() > endsAtMs) throw new Error(`Waited in vain for ${what}.`);
    await pause(20);
  }
}

/** Whether a process is there. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
