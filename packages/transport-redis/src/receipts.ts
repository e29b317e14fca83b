import { asText, isRedisError } from "@lovage/client-redis";
import type { Lease } from "@lovage/lease-engine";

import { tokenOf } from "./extend.ts";
import type { Server } from "./server.ts";

interface OpenCall {
  readonly number: number;
  readonly tokens: ReadonlySet<string>;
}

/**
 * Numbers the settling calls of a connection; the server keeps the last number of each queue. So a call whose answer was lost with the connection
 * is not made twice, which would look like a lost lease. A queue has one call under way at a time.
 */
export class Receipts {
  /** Whose numbers they are. */
  readonly owner: string;
  #last = 0;
  readonly #open = new Map<string, OpenCall>();

  constructor(owner: string) {
    this.owner = owner;
  }

  /** Makes a call under a new number. */
  async number<T>(queue: string, leases: readonly Lease[], call: (number: number) => Promise<T>): Promise<T> {
    this.#last += 1;
    const number = this.#last;
    try {
      return await call(number);
    } catch (error) {
      if (isRedisError(error) && error.kind === "broken") {
        this.#open.set(queue, { number, tokens: new Set(leases.map(tokenOf)) });
      }
      throw error;
    }
  }

  /** Tokens that the call with the lost answer has settled. */
  async settledIn(server: Server, queue: string): Promise<ReadonlySet<string>> {
    const open = this.#open.get(queue);
    if (open === undefined) return new Set();
    const kept = await server.connection().call("GET", [`${server.keys.base(queue)}:t:${this.owner}`]);
    this.#open.delete(queue);
    return kept !== null && Number(asText(kept)) >= open.number ? open.tokens : new Set();
  }
}
