/** What a dead process is still waiting for. */
const never = new Promise<never>(() => {});

/**
 * Whether a process that is played here lives. The code of the dead runs on, as all in one process does, but nothing that it does is heard of.
 *
 * | state | entered | left |
 * |---|---|---|
 * | alive | made | `end` |
 * | dead | `end` | never |
 */
export class Life {
  #isOver = false;

  get isOver(): boolean {
    return this.#isOver;
  }

  end(): void {
    this.#isOver = true;
  }

  /** What work gives; nothing, for ever, to the dead. */
  async during<Value>(work: () => Promise<Value>): Promise<Value> {
    if (this.#isOver) return never;
    const value = await work();
    return this.#isOver ? never : value;
  }
}
