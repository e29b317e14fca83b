import { Guard } from "../../services/guard/guard.ts";
import type { Crew } from "../../processes/crew.ts";
import type { Child } from "../../processes/child.ts";
import type { Celery } from "./celery.ts";
import { pythonFolder } from "./python-folder.ts";
import { execFile } from "node:child_process";
import { promisify } from "node:util";

/** What to start. */
export interface PythonStart {
  /** For messages. */
  readonly name: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** It is told things through its standard input. */
  readonly listens?: boolean;
}

const cleanUpMs = 20_000;

/** A Python process of a test, in a container or not. */
export class PythonProcess implements AsyncDisposable {
  readonly child: Child;
  readonly #cleanUp: readonly string[] | undefined;
  readonly #guard: Guard | undefined;

  constructor(crew: Crew, celery: Celery, { name, args, env, listens = false }: PythonStart) {
    const told = { ...env, PYTHONUNBUFFERED: "1", PYTHONDONTWRITEBYTECODE: "1" };
    const { command, args: all, cleanUp } = celery.launch(args, told);
    this.#cleanUp = cleanUp;
    if (cleanUp !== undefined) this.#guard = new Guard(cleanUp);
    this.child = crew.start({ name, command, args: all, cwd: pythonFolder, env: told, listens });
  }

  /** Ends it at once. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#cleanUp !== undefined) {
      const [command = "", ...args] = this.#cleanUp;
      await promisify(execFile)(command, args, { timeout: cleanUpMs });
      await this.#guard?.release();
    }
    if (this.child.exit === undefined) this.child.abandon();
    await this.child.ended;
  }
}
