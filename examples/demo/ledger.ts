import { appendFileSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";

/** What the ledger says of a run. */
export interface Account {
  /** Files that some worker has finished at least once. */
  readonly processed: number;
  /** Files that were started more than once: those the killed worker had in hand. */
  readonly runTwice: number;
  /** Worker processes that wrote something. */
  readonly workers: number;
}

/**
 * What really happened, kept beside Lovage and without it: each process appends to a file of its own, synchronously, so that a line stands
 * even if the process is killed right after it.
 */
export class Ledger {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = join(folder, "ledger");
    mkdirSync(this.#folder, { recursive: true });
  }

  write(event: "start" | "end", path: string): void {
    appendFileSync(join(this.#folder, String(process.pid)), `${event}\t${path}\n`);
  }

  read(): Account {
    const starts = new Map<string, number>();
    const ended = new Set<string>();
    const names = readdirSync(this.#folder);
    for (const name of names) {
      for (const line of readFileSync(join(this.#folder, name), "utf8").split("\n")) {
        const [event, path] = line.split("\t");
        if (path === undefined) continue;
        if (event === "start") starts.set(path, (starts.get(path) ?? 0) + 1);
        else ended.add(path);
      }
    }
    const runTwice = [...starts.values()].filter((times) => times > 1).length;
    return { processed: ended.size, runTwice, workers: names.length };
  }
}
