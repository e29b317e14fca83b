import process from "node:process";

const width = 30;

/** Shows how far the work is: a bar on a terminal, a line for every tenth elsewhere. */
export class Progress {
  readonly #total: number;
  readonly #startedAtMs = performance.now();
  #shown = -1;

  constructor(total: number) {
    this.#total = total;
  }

  show(done: number): void {
    if (process.stdout.isTTY) this.#draw(done);
    else this.#print(done);
  }

  /** Says something without tearing the bar. */
  say(text: string): void {
    if (process.stdout.isTTY) process.stdout.write("\r\u001B[2K");
    console.log(text);
  }

  #draw(done: number): void {
    const filled = Math.round((done / this.#total) * width);
    const bar = "█".repeat(filled).padEnd(width, "░");
    process.stdout.write(`\r\u001B[2K  ${bar} ${done}/${this.#total} files, ${this.#seconds()} s`);
  }

  #print(done: number): void {
    const tenth = Math.floor((done / this.#total) * 10);
    if (tenth === this.#shown) return;
    this.#shown = tenth;
    console.log(`  ${done}/${this.#total} files, ${this.#seconds()} s`);
  }

  #seconds(): string {
    return ((performance.now() - this.#startedAtMs) / 1000).toFixed(0);
  }
}
