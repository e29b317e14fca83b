/**
 * Keeps bodies that are too large for a broker; the message carries the key in their place. A transport that takes one stores the body, then sends
 * the message, so that a crash between the two leaves an object that nobody refers to; it deletes the object after the message is gone. What is left
 * behind must be removed by the store itself, by age. Each call must end within a time of its own: some are under way at once, and others wait for them.
 */
export interface ClaimCheck {
  /** Largest body, in bytes. */
  readonly maxBytes: number;
  /**
   * Stores a body under a key that nobody has used before; resolves once it is durable. Keys consist of letters, digits, `-`, `_`, `.` and `/`.
   * @throws CLAIM_CHECK_UNAVAILABLE when the store cannot be reached, TRANSPORT_REJECTED when it refuses
   */
  put(key: string, body: Uint8Array): Promise<void>;
  /** The body; `undefined` when there is none, or none any more. Throws as `put`. */
  get(key: string): Promise<Uint8Array | undefined>;
  /** Deletes it. Idempotent. Throws as `put`. */
  delete(key: string): Promise<void>;
}
