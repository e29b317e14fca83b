/** What goes to the broker. */
export interface AckCalls {
  /** @param upTo All of the channel up to this one. */
  ack(tag: number, upTo: boolean): void;
  /** Resolves once the broker has read all that was sent on the channel before. */
  barrier(): Promise<void>;
}

/** What was asked for in one turn of the event loop: sent together, and so answered together. */
interface Turn extends PromiseWithResolvers<void> {
  readonly tags: Set<number>;
  readonly onSent: (() => void)[];
}

/**
 * Acknowledgements of one channel. Those of one turn of the event loop go out together, as one where they are the oldest of the channel; they
 * resolve once the broker has answered a question that was asked behind them, since an acknowledgement itself has no answer.
 */
export class AckBatch {
  readonly #calls: AckCalls;
  /** What is delivered and not acknowledged, oldest first. */
  readonly #outstanding = new Set<number>();
  #due: Turn | undefined;
  #sent: Turn[] = [];
  #asked: readonly Turn[] = [];
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
    if (this.#endedBy !== undefined) return Promise.reject(this.#endedBy);
    const { tags, onSent: all, promise } = this.#turn();
    tags.add(tag);
    all.push(onSent);
    return promise;
  }

  /** It was given back. */
  forget(tag: number): void {
    this.#outstanding.delete(tag);
  }

  /** Resolves when the channel is alive, asked now. @throws what the channel ended by */
  alive(): Promise<void> {
    return this.#endedBy === undefined ? this.#turn().promise : Promise.reject(this.#endedBy);
  }

  /** The channel has ended. */
  end(cause: Error): void {
    this.#endedBy = cause;
    const open = [...this.#asked, ...this.#sent];
    if (this.#due !== undefined) open.push(this.#due);
    this.#asked = [];
    this.#sent = [];
    this.#due = undefined;
    for (const { reject } of open) reject(cause);
  }

  #turn(): Turn {
    if (this.#due === undefined) {
      this.#due = { ...Promise.withResolvers<void>(), tags: new Set(), onSent: [] };
      process.nextTick(() => this.#flush());
    }
    return this.#due;
  }

  #flush(): void {
    const due = this.#due;
    // The channel has ended meanwhile.
    if (due === undefined) return;
    this.#due = undefined;
    this.#sent.push(due);
    this.#send(due.tags);
    for (const onSent of due.onSent) onSent();
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
    if (joined < tags.size) for (const tag of tags) if (tag > last) this.#calls.ack(tag, false);
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
