/** What goes to the broker. */
export interface AckCalls {
  /** @param upTo All of the channel up to this one. */
  ack(tag: number, upTo: boolean): void;
  /** Resolves once the broker has read all that was sent on the channel before. */
  barrier(): Promise<void>;
}

interface Entry {
  readonly tag: number;
  readonly onSent: () => void;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/**
 * Acknowledgements of one channel. Those of one turn of the event loop go out together, as one where they are the oldest of the channel; they
 * resolve once the broker has answered a question that was asked behind them, since an acknowledgement itself has no answer.
 */
export class AckBatch {
  readonly #calls: AckCalls;
  /** What is delivered and not acknowledged, oldest first. */
  readonly #outstanding = new Set<number>();
  #due: Entry[] = [];
  #sent: Entry[] = [];
  #asked: readonly Entry[] = [];
  #isScheduled = false;
  #isAsking = false;
  #endedBy: Error | undefined;

  constructor(calls: AckCalls) {
    this.#calls = calls;
  }

  /** A delivery has come. */
  add(tag: number): void {
    this.#outstanding.add(tag);
  }

  /**
   * Resolves once the broker has recorded it.
   * @param onSent Called when it was sent: the broker may deliver the next one.
   * @throws what the channel ended by
   */
  ack(tag: number, onSent: () => void): Promise<void> {
    return this.#enter(tag, onSent);
  }

  /** Resolves when the channel is alive, asked now. @throws what the channel ended by */
  alive(): Promise<void> {
    return this.#enter(-1, () => {});
  }

  /** The channel has ended. */
  end(cause: Error): void {
    this.#endedBy = cause;
    const open = [...this.#asked, ...this.#sent, ...this.#due];
    this.#asked = [];
    this.#sent = [];
    this.#due = [];
    for (const { reject } of open) reject(cause);
  }

  #enter(tag: number, onSent: () => void): Promise<void> {
    if (this.#endedBy !== undefined) return Promise.reject(this.#endedBy);
    return new Promise((resolve, reject) => {
      this.#due.push({ tag, onSent, resolve, reject });
      if (this.#isScheduled) return;
      this.#isScheduled = true;
      process.nextTick(() => this.#flush());
    });
  }

  #flush(): void {
    this.#isScheduled = false;
    if (this.#due.length === 0) return;
    const due = this.#due;
    this.#due = [];
    this.#sent.push(...due);
    const tags = new Set(due.map(({ tag }) => tag).filter((tag) => tag >= 0));
    if (this.#endedBy === undefined) this.#send(tags);
    for (const { onSent } of due) onSent();
    void this.#ask();
  }

  #send(tags: ReadonlySet<number>): void {
    let last = -1;
    let joined = 0;
    for (const tag of this.#outstanding) {
      if (!tags.has(tag)) break;
      last = tag;
      joined += 1;
    }
    for (const tag of tags) this.#outstanding.delete(tag);
    if (joined > 0) this.#calls.ack(last, joined > 1);
    for (const tag of tags) if (tag > last) this.#calls.ack(tag, false);
  }

  async #ask(): Promise<void> {
    if (this.#isAsking || this.#sent.length === 0) return;
    this.#isAsking = true;
    this.#asked = this.#sent;
    this.#sent = [];
    try {
      await this.#calls.barrier();
      const answered = this.#asked;
      this.#asked = [];
      for (const { resolve } of answered) resolve();
    } catch {
      // `end` tells those who wait, with the cause; a channel that does not answer is ended by who asks.
    }
    this.#isAsking = false;
    void this.#ask();
  }
}
