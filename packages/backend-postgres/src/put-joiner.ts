import { isLovageError } from "@lovage/foundation";
import type { PutOutcome, ResultPut } from "@lovage/backend";

/** Writes records in one commit; outcomes in the order given. */
export type WritePuts = (puts: readonly ResultPut[]) => Promise<readonly PutOutcome[]>;

interface Call {
  readonly puts: readonly ResultPut[];
  readonly resolve: (outcomes: readonly PutOutcome[]) => void;
  readonly reject: (error: unknown) => void;
}

const mostPuts = 500;

/**
 * Joins calls that come while another is under way into the next commit. One at a time: two records of one task, stored one after the other, must not
 * change places.
 */
export class PutJoiner {
  readonly #write: WritePuts;
  #waiting: Call[] = [];
  #isWriting = false;

  constructor(write: WritePuts) {
    this.#write = write;
  }

  put(puts: readonly ResultPut[]): Promise<readonly PutOutcome[]> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ puts, resolve, reject });
      if (!this.#isWriting) void this.#work();
    });
  }

  async #work(): Promise<void> {
    this.#isWriting = true;
    while (this.#waiting.length > 0) await this.#commit(this.#take());
    this.#isWriting = false;
  }

  #take(): readonly Call[] {
    let count = 0;
    let size = 0;
    for (const { puts } of this.#waiting) {
      if (count > 0 && size + puts.length > mostPuts) break;
      count += 1;
      size += puts.length;
    }
    return this.#waiting.splice(0, count);
  }

  async #commit(calls: readonly Call[]): Promise<void> {
    try {
      const outcomes = await this.#write(calls.flatMap(({ puts }) => puts));
      let at = 0;
      for (const { puts, resolve } of calls) {
        resolve(outcomes.slice(at, at + puts.length));
        at += puts.length;
      }
    } catch (error) {
      // One that the server refuses must not take the others with it.
      const isRefused = calls.length > 1 && !(isLovageError(error) && error.retryable);
      if (isRefused) for (const call of calls) await this.#commit([call]);
      else for (const { reject } of calls) reject(error);
    }
  }
}
