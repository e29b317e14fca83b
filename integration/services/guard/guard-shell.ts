import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import type { Socket } from "node:net";

/**
 * A sleeping shell that outlives this process, to do something when it ends by whatever death, also by SIGKILL: its standard input is a pipe that ends with this
 * process. It has a session of its own, which the signals of a terminal do not reach.
 */
export class GuardShell {
  readonly #shell: ChildProcess;

  /** @param args Of `sh`: what it runs is told the word `released` when all is well. */
  constructor(args: readonly string[]) {
    this.#shell = spawn("/bin/sh", args, { cwd: "/", detached: true, stdio: ["pipe", "ignore", "ignore"] });
    this.#shell.unref();
    // A pipe to a process is a socket, which must not keep this process alive either.
    const stdin = this.#shell.stdin as Socket | null;
    stdin?.unref();
    // A shell that was killed cannot be told anything, and needs not.
    stdin?.on("error", () => {});
  }

  tell(line: string): void {
    this.#shell.stdin?.write(`${line}\n`);
  }

  /** Ends it, and waits for its end. */
  async release(): Promise<void> {
    if (this.#shell.exitCode !== null || this.#shell.signalCode !== null) return;
    const ended = once(this.#shell, "exit");
    this.#shell.ref();
    this.#shell.stdin?.end("released\n");
    await ended;
  }
}
