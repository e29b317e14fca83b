/** Something to wait for that happens again and again. */
export class Bell {
  #next = Promise.withResolvers<void>();

  /** Wakes all who wait. */
  ring(): void {
    this.#next.resolve();
    this.#next = Promise.withResolvers<void>();
  }

  /** Resolves at the next ring. */
  async heard(): Promise<void> {
    await this.#next.promise;
  }
}
