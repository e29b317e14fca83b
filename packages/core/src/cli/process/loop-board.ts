const beats = 0;
const lastStarted = 1;
const count = 2;
const firstTask = 3;
const maxTasks = 64;

/**
 * Memory that the event loop and the thread that watches it share: how often the loop has turned, and which tasks ran then and began since. Writing
 * the start of a task costs a few nanoseconds.
 */
export class LoopBoard {
  readonly memory: SharedArrayBuffer;
  readonly #cells: Int32Array;
  readonly #tasks: readonly string[];
  readonly #numbers: ReadonlyMap<string, number>;

  /** @param memory That of a board in another thread, with the same tasks. */
  constructor(
    tasks: readonly string[],
    memory: SharedArrayBuffer = new SharedArrayBuffer((firstTask + maxTasks) * Int32Array.BYTES_PER_ELEMENT),
  ) {
    this.#tasks = tasks;
    this.#numbers = new Map(tasks.map((task, index) => [task, index + 1]));
    this.memory = memory;
    this.#cells = new Int32Array(memory);
  }

  /** How often the loop has turned. */
  get beats(): number {
    return Atomics.load(this.#cells, beats);
  }

  /** A task begins; if it blocks the loop, it is the last one that did. */
  started(task: string): void {
    this.#cells[lastStarted] = this.#numbers.get(task) ?? 0;
  }

  /** The loop turns, and these tasks run. */
  beat(running: Iterable<string>): void {
    const numbers = Array.from(running, (task) => this.#numbers.get(task) ?? 0).slice(0, maxTasks);
    this.#cells.set(numbers, firstTask);
    this.#cells[count] = numbers.length;
    this.#cells[lastStarted] = 0;
    Atomics.add(this.#cells, beats, 1);
  }

  /** Tasks that ran at the last turn, and the last that began since. */
  read(): readonly string[] {
    const running = this.#cells.subarray(firstTask, firstTask + (this.#cells[count] ?? 0));
    const numbers = new Set([this.#cells[lastStarted] ?? 0, ...running]);
    return [...numbers].map((number) => this.#tasks[number - 1]).filter((task) => task !== undefined);
  }
}
