import process from "node:process";
import { Child } from "./child.ts";
import type { ChildOptions } from "./child.ts";

/** The processes of one test. */
export class Crew implements AsyncDisposable {
  readonly #children: Child[] = [];
  readonly #onExit = (): void => this.#children.forEach((child) => child.abandon());

  constructor() {
    process.on("exit", this.#onExit);
  }

  get children(): readonly Child[] {
    return this.#children;
  }

  start(options: ChildOptions): Child {
    const child = new Child(options);
    this.#children.push(child);
    return child;
  }

  /** Ends all that still run, and what they have started. Rejects when a process that had ended has left others behind. */
  async [Symbol.asyncDispose](): Promise<void> {
    const running = new Set(this.#children.filter(({ exit }) => exit === undefined));
    const left = await Promise.all(this.#children.map(async (child) => ({ child, rest: await child.endGroup() })));
    process.off("exit", this.#onExit);
    const orphans = left.filter(({ child }) => !running.has(child)).flatMap(({ rest }) => rest);
    if (orphans.length > 0) throw new Error(orphans.join("; "));
  }
}
