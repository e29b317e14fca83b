/**
 * Where those wait who need an answer before they can publish, while the server reads nothing: asked then, each question would take its ten seconds in vain, one after
 * the other, and keep its place long after its caller was told that nothing came of it.
 */
export class AlarmWait {
  readonly #isBlocked: () => boolean;
  readonly #waiting = new Set<() => void>();

  constructor(isBlocked: () => boolean) {
    this.#isBlocked = isBlocked;
  }

  /** Resolves when the server reads again, or nobody waits any more for what is to be published. */
  async over(published: Promise<void>): Promise<void> {
    if (!this.#isBlocked()) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.add(resolve);
    published.then(resolve, () => resolve());
    await promise;
    this.#waiting.delete(resolve);
  }

  /** The server reads again, or it is another session. */
  end(): void {
    for (const resolve of this.#waiting) resolve();
  }
}
