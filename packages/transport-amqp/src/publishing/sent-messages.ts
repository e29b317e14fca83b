import type { Parcel } from "../wire/parcel.ts";

/** What became of a message: `null` when the broker has accepted it, else why not. */
type Outcome = Error | null;

/**
 * What was sent because of one delivery: a settlement that is repeated must not send again what the broker has, or may have. Under an alarm what was written is
 * read when the alarm is over, long after its call was given up.
 *
 * | a message is | entered | left |
 * |---|---|---|
 * | open | at first; it was refused, or its channel has ended | it is accepted, or left |
 * | left | it was written, and its call waits no longer | its confirm, its refusal, the end of its channel |
 * | accepted | the broker has confirmed it | never |
 */
export class SentMessages {
  readonly #accepted = new Set<string>();
  readonly #left = new Map<string, PromiseWithResolvers<Outcome>>();

  /** Names by which messages are known again. A message may be there more than once in a batch. */
  static namesOf(parcels: readonly Parcel[]): readonly string[] {
    const seen = new Map<string, number>();
    return parcels.map(({ to, message }) => {
      const name = JSON.stringify([to, message.properties.messageId]);
      const before = seen.get(name) ?? 0;
      seen.set(name, before + 1);
      return `${name} ${before}`;
    });
  }

  get hasAccepted(): boolean {
    return this.#accepted.size > 0;
  }

  isAccepted(name: string): boolean {
    return this.#accepted.has(name);
  }

  /** Resolves when it is known what became of one that was left. `undefined`: it was not, or that is known. */
  fateOf(name: string): Promise<Outcome> | undefined {
    return this.#left.get(name)?.promise;
  }

  /** Nobody is told of it any more, and the broker may have it. */
  leave(name: string): void {
    if (!this.#left.has(name)) this.#left.set(name, Promise.withResolvers<Outcome>());
  }

  /** It is known what became of it. */
  end(name: string, outcome: Outcome): void {
    if (outcome === null) this.#accepted.add(name);
    this.#left.get(name)?.resolve(outcome);
    this.#left.delete(name);
  }

  /** Nothing is left. */
  get isOver(): boolean {
    return this.#left.size === 0;
  }

  /** Resolves once nothing is left any more. Never rejects. */
  async over(): Promise<void> {
    await Promise.all([...this.#left.values()].map(({ promise }) => promise));
  }
}
