import { ClaimCheckUnavailableError, type ClaimCheck } from "@lovage/transport";

/** Keeps bodies in memory; can be out of reach. */
export class MemoryClaimCheck implements ClaimCheck {
  readonly maxBytes = 8_000_000;
  readonly bodies: Map<string, Uint8Array> = new Map();
  isAway = false;
  /** Called before a body is kept. */
  onPut: () => Promise<void> = async () => {};
  /** Called before a body is deleted. */
  onDelete: () => Promise<void> = async () => {};

  async put(key: string, body: Uint8Array): Promise<void> {
    this.#check();
    await this.onPut();
    this.bodies.set(key, body);
  }

  get(key: string): Promise<Uint8Array | undefined> {
    this.#check();
    return Promise.resolve(this.bodies.get(key));
  }

  async delete(key: string): Promise<void> {
    this.#check();
    await this.onDelete();
    this.bodies.delete(key);
  }

  #check(): void {
    if (this.isAway) throw new ClaimCheckUnavailableError("The claim check is away.");
  }
}
