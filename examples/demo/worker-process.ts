import type { ChildProcess } from "node:child_process";
import { spawn } from "node:child_process";
import { once } from "node:events";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { FOLDER_VARIABLE } from "./settings.ts";

const command = fileURLToPath(new URL("../../packages/core/bin/lovage.js", import.meta.url));
const tasks = fileURLToPath(new URL("./tasks.ts", import.meta.url));

/** A worker in a process of its own, as `lovage -A ./tasks.ts worker` starts it. */
export class WorkerProcess {
  readonly #child: ChildProcess;
  readonly #exited: Promise<unknown>;

  constructor(folder: string) {
    const args = ["--conditions=source", command, "-A", tasks, "--loglevel", "error", "worker", "--concurrency", "4"];
    this.#child = spawn(process.execPath, args, {
      env: { ...process.env, [FOLDER_VARIABLE]: folder },
      stdio: ["ignore", "inherit", "inherit"],
    });
    this.#exited = once(this.#child, "exit");
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** As `kill -9`: the worker can do nothing more, and gives nothing back. */
  async kill(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#exited;
  }

  /** Lets it finish what runs. */
  async stop(): Promise<void> {
    this.#child.kill("SIGTERM");
    await this.#exited;
  }
}
