/** One consumer in the broker, with a prefetch that never changes. */
export interface PrefetchSlot {
  readonly tag: string;
  /** Its prefetch. */
  readonly size: number;
  /** What it was given and is not settled. */
  held: number;
  /**
   * | state | entered | left |
   * |---|---|---|
   * | `active` | when it is begun | the cap was lowered |
   * | `ending` | the cap was lowered | the broker has answered: nothing more comes |
   * | `ended` | the broker has answered | all that it was given is settled; then it is forgotten |
   */
  state: "active" | "ending" | "ended";
}

/** How slots come and go in the broker. `begin` and `end` reject once the channel has ended. */
export interface SlotCalls {
  begin(slot: PrefetchSlot): Promise<void>;
  end(slot: PrefetchSlot): Promise<void>;
  /** All calls that were under way are answered. */
  onQuiet(): void;
  /** The broker refused a consumer, or the channel ended. */
  onError(error: unknown): void;
}

/** With as many consumers the old ones are replaced by one, where the room for it is worth that, and with so many in any case. */
const mostActive = { worthwhile: 4, any: 8 } as const;

/**
 * Keeps a cap that can be moved over consumers whose prefetch cannot: RabbitMQ takes a new prefetch for new consumers only. A raised cap is one more
 * consumer on the channel; a lowered one ends consumers, and gives their room back as what they hold is settled.
 */
export class PrefetchSlots {
  readonly #calls: SlotCalls;
  #slots: PrefetchSlot[] = [];
  #cap = 0;
  #made = 0;
  #isGrowing = false;

  constructor(calls: SlotCalls) {
    this.#calls = calls;
  }

  /** Nothing may come any more, and all answers have been given. */
  get isQuiet(): boolean {
    return !this.#isGrowing && this.#slots.every(({ state }) => state === "ended");
  }

  /** What was given to all consumers and is not settled. */
  get held(): number {
    return this.#slots.reduce((sum, { held }) => sum + held, 0);
  }

  /** Moves the cap. What must not come any more is ended before this returns. */
  setCap(cap: number): void {
    this.#cap = cap;
    while (this.#room() < 0) {
      const last = this.#active.at(-1);
      if (last === undefined) break;
      void this.#end(last);
    }
    void this.#grow();
  }

  /** A delivery of this slot was settled. */
  settled(slot: PrefetchSlot): void {
    slot.held -= 1;
    if (slot.state === "ended" && slot.held === 0) this.#slots = this.#slots.filter((other) => other !== slot);
    if (slot.state !== "active") void this.#grow();
  }

  get #active(): PrefetchSlot[] {
    return this.#slots.filter(({ state }) => state === "active");
  }

  #room(): number {
    let room = this.#cap;
    for (const { state, size, held } of this.#slots) room -= state === "active" ? size : held;
    return room;
  }

  async #end(slot: PrefetchSlot): Promise<void> {
    slot.state = "ending";
    try {
      await this.#calls.end(slot);
      slot.state = "ended";
      if (slot.held === 0) this.#slots = this.#slots.filter((other) => other !== slot);
      await this.#grow();
    } catch (error) {
      this.#calls.onError(error);
    }
  }

  async #grow(): Promise<void> {
    if (this.#isGrowing) return;
    this.#isGrowing = true;
    try {
      for (let room = this.#worthwhileRoom(); room > 0; room = this.#worthwhileRoom()) {
        this.#made += 1;
        const slot: PrefetchSlot = { tag: `lovage-${this.#made}`, size: room, held: 0, state: "active" };
        this.#slots.push(slot);
        await this.#calls.begin(slot);
      }
    } catch (error) {
      this.#calls.onError(error);
    } finally {
      this.#isGrowing = false;
    }
    if (this.isQuiet) this.#calls.onQuiet();
  }

  /** The size of the next consumer; 0 while it must wait, or is not worth a consumer. */
  #worthwhileRoom(): number {
    const active = this.#active;
    if (this.#slots.some(({ state }) => state === "ending")) return 0;
    const room = this.#room();
    const isMoreToCome = active.length < this.#slots.length;
    const isWorthwhile = room >= Math.max(1, Math.ceil(this.#cap / 4));
    // What is left once all else is settled is used as well, however little it is.
    if (room < 1 || (!isWorthwhile && isMoreToCome && active.length > 0)) return 0;
    if (active.length < (isWorthwhile ? mostActive.worthwhile : mostActive.any)) return room;
    for (const slot of active) void this.#end(slot);
    return 0;
  }
}
