import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import type { Socket } from "node:net";

// The pipe ends when this process does, by whatever death; only a word sent through it tells that all is well.
const script = 'read -r word; [ "$word" = released ] || exec "$@"';

/**
 * Runs a command when this process ends without having released it, even when it ends by SIGKILL. It costs a sleeping
 * shell in a session of its own, which the signals of a terminal do not reach.
 */
export class Guard {
  readonly #shell: ChildProcess;

  /** @param command A program and its arguments. It must not mind when there is nothing to do any more. */
  constructor(command: readonly string[]) {
    this.#shell = spawn("/bin/sh", ["-c", script, "guard", ...command], {
      cwd: "/",
      detached: true,
      stdio: ["pipe", "ignore", "ignore"],
    });
    this.#shell.unref();
    // A pipe to a process is a socket, which must not keep this process alive either.
    const stdin = this.#shell.stdin as Socket | null;
    stdin?.unref();
    // A shell that was killed cannot be told anything, and needs not.
    stdin?.on("error", () => {});
  }

  /** Ends the guard; the command is not run. */
  async release(): Promise<void> {
    if (this.#shell.exitCode !== null || this.#shell.signalCode !== null) return;
    const ended = once(this.#shell, "exit");
    this.#shell.ref();
    this.#shell.stdin?.end("released\n");
    await ended;
  }
}
