import { GroupGuard } from "../services/guard/group-guard.ts";
import { Child } from "./child.ts";
import type { ChildOptions } from "./child.ts";

/** The processes of one test, which do not outlive it, however it ends. */
export class Crew implements AsyncDisposable {
  readonly #children: Child[] = [];
  readonly #guard = new GroupGuard();

  get children(): readonly Child[] {
    return this.#children;
  }

  start(options: ChildOptions): Child {
    const child = new Child(options);
    this.#children.push(child);
    this.#guard.watch(child.pid);
    return child;
  }

  /** Ends all that still run, and what they have started. Rejects when a process that had ended has left others behind. */
  async [Symbol.asyncDispose](): Promise<void> {
    const running = new Set(this.#children.filter(({ exit }) => exit === undefined));
    const left = await Promise.all(this.#children.map(async (child) => ({ child, rest: await child.endGroup() })));
    await this.#guard.release();
    const orphans = left.filter(({ child }) => !running.has(child)).flatMap(({ rest }) => rest);
    if (orphans.length > 0) throw new Error(orphans.join("; "));
  }
}
