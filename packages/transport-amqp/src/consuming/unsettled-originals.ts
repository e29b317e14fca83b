/**
 * Messages of which a copy, or a successor, may be in the broker already while the delivery that it follows is not acknowledged yet. Such a copy
 * often comes to the process that has sent it, and before the confirm of its publication: what it runs there may block the event loop or end the
 * process, and so keep back the acknowledgement. The delivery then comes again beside its copy, every time and not only after a rare crash.
 * So a process runs what follows a delivery of its own only after that one is settled.
 */
export class UnsettledOriginals {
  readonly #underWay = new Map<string, Promise<void>>();

  /**
   * Runs a settlement that publishes these messages before it acknowledges.
   * @throws what the settlement throws
   */
  async during(messageIds: readonly string[], settlement: () => Promise<void>): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    for (const id of messageIds) this.#underWay.set(id, promise);
    try {
      await settlement();
    } finally {
      for (const id of messageIds) if (this.#underWay.get(id) === promise) this.#underWay.delete(id);
      resolve();
    }
  }

  /** Resolves when the delivery that a message follows is settled, or lost. Absent: it follows none that is under way here. Never rejects. */
  settled(messageId: string): Promise<void> | undefined {
    return this.#underWay.get(messageId);
  }
}
