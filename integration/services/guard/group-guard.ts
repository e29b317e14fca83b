import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import type { Socket } from "node:net";

// As with a Guard, the pipe ends when this process does.
const script = `
  while read -r word group; do
    if [ "$word" = released ]; then exit; fi
    groups="$groups $group"
  done
  for group in $groups; do kill -KILL "-$group" 2>/dev/null; done`;

/** Kills groups of processes when this process ends without having released it, by whatever death. One sleeping shell for all of them; see {@link Guard}. */
export class GroupGuard {
  readonly #shell: ChildProcess;

  constructor() {
    this.#shell = spawn("/bin/sh", ["-c", script], { cwd: "/", detached: true, stdio: ["pipe", "ignore", "ignore"] });
    this.#shell.unref();
    const stdin = this.#shell.stdin as Socket | null;
    stdin?.unref();
    // A shell that was killed cannot be told anything, and needs not.
    stdin?.on("error", () => {});
  }

  /** @param group Id of its leader */
  watch(group: number): void {
    this.#shell.stdin?.write(`watch ${group}\n`);
  }

  /** Ends the guard; nothing is killed. */
  async release(): Promise<void> {
    if (this.#shell.exitCode !== null || this.#shell.signalCode !== null) return;
    const ended = once(this.#shell, "exit");
    this.#shell.ref();
    this.#shell.stdin?.end("released\n");
    await ended;
  }
}
