/** What a {@link StandstillCheck} works with. */
export interface StandstillParts {
  /** How often this process has stood still so far, as the connection knows it. */
  readonly standstills: () => number;
  /** Asks the broker whether what came is held still. Rejects when it is not. */
  readonly ask: () => Promise<void>;
  /** Nothing is held any more: there is nothing to ask. */
  readonly hasEnded: () => boolean;
}

/** Asks once after each standstill of this process, for all who want to know meanwhile, whether what came before it is held still. */
export class StandstillCheck {
  readonly #parts: StandstillParts;
  /** When it was last asked. */
  #standstills: number;
  #underWay: Promise<void> | undefined;

  constructor(parts: StandstillParts) {
    this.#parts = parts;
    this.#standstills = parts.standstills();
  }

  /** Resolves when it is known. `undefined` when there is nothing to ask. Never rejects: what the answer means is told to those who hold something. */
  run(): Promise<void> | undefined {
    const { standstills, hasEnded } = this.#parts;
    const now = standstills();
    if (now === this.#standstills || hasEnded()) return this.#underWay;
    this.#standstills = now;
    const underWay = this.#ask().finally(() => {
      // Another standstill may have come while it was asked.
      if (this.#underWay === underWay) this.#underWay = undefined;
    });
    this.#underWay = underWay;
    return underWay;
  }

  async #ask(): Promise<void> {
    try {
      await this.#parts.ask();
    } catch {
      // What it ended by is told to those who hold something.
    }
  }
}
