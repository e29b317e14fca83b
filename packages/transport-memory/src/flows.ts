import { Fifo } from "./fifo.ts";
import type { StoredMessage } from "./stored-message.ts";

interface Flow {
  /** Place in the round. */
  readonly seq: number;
  readonly key: string;
  readonly line: Fifo<StoredMessage>;
}

/** The ready messages of one priority: a line per key, served in turns. */
export class Flows {
  readonly #byKey = new Map<string, Flow>();
  readonly #round = new Fifo<Flow>();
  #turns = 0;

  add(stored: StoredMessage): void {
    const flow = this.#byKey.get(stored.key);
    if (flow !== undefined) return flow.line.insert(stored);
    const line = new Fifo<StoredMessage>();
    line.insert(stored);
    this.#enqueue({ seq: 0, key: stored.key, line });
  }

  take(): StoredMessage | undefined {
    const flow = this.#round.first;
    const stored = flow?.line.shift();
    if (flow === undefined || stored === undefined) return undefined;
    // A single flow stays where it is.
    if (this.#round.length === 1 && flow.line.length > 0) return stored;
    this.#round.shift();
    this.#byKey.delete(flow.key);
    if (flow.line.length > 0) this.#enqueue(flow);
    return stored;
  }

  /** All messages, in the order of acceptance. */
  list(): readonly StoredMessage[] {
    const all = [...this.#byKey.values()].flatMap(({ line }) => line.toArray());
    return all.toSorted((a, b) => a.seq - b.seq);
  }

  removeWhere(condition: (stored: StoredMessage) => boolean): void {
    for (const { line } of this.#byKey.values()) line.removeWhere(condition);
    this.#round.removeWhere(({ line }) => line.length === 0);
    for (const [key, { line }] of this.#byKey) if (line.length === 0) this.#byKey.delete(key);
  }

  #enqueue({ key, line }: Flow): void {
    this.#turns += 1;
    const flow: Flow = { seq: this.#turns, key, line };
    this.#byKey.set(key, flow);
    this.#round.insert(flow);
  }
}
