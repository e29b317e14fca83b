import { slotOf } from "./key-slot.ts";
import { hostsOf, type RedisHost } from "./redis-url.ts";

/** Which primary of a cluster holds which slot, as far as it is known here. */
export class ClusterSlots {
  readonly #byAddress = new Map<string, RedisHost>();
  readonly #owners: (string | undefined)[] = [];

  /**
   * @param reply What `CLUSTER SLOTS` gave.
   * @param told The node that gave it: it may not know its own host.
   */
  constructor(reply: unknown, told: RedisHost) {
    for (const [first, last, primary] of asRanges(reply)) {
      const owner = this.#know({ host: primary.host === "" ? told.host : primary.host, port: primary.port });
      for (let slot = first; slot <= last; slot += 1) this.#owners[slot] = owner;
    }
  }

  /** All primaries that hold slots. */
  get primaries(): readonly RedisHost[] {
    return [...new Set(this.#owners)].flatMap((address) => this.#byAddress.get(address ?? "") ?? []);
  }

  /** `undefined` when nobody serves the key's slot. */
  ownerOf(key: string): RedisHost | undefined {
    return this.#byAddress.get(this.#owners[slotOf(key)] ?? "");
  }

  /** The key's slot belongs to another node now. */
  move(key: string, to: RedisHost): void {
    this.#owners[slotOf(key)] = this.#know(to);
  }

  #know(node: RedisHost): string {
    const address = hostsOf({ hosts: [node] });
    this.#byAddress.set(address, node);
    return address;
  }
}

function* asRanges(reply: unknown): Generator<readonly [number, number, RedisHost]> {
  for (const range of asArray(reply)) {
    const [first, last, primary] = asArray(range);
    const [host, port] = asArray(primary);
    // A node that does not know its own host says nothing, or `?`.
    const name = Buffer.isBuffer(host) ? host.toString() : "";
    yield [Number(first), Number(last), { host: name === "?" ? "" : name, port: Number(port) }];
  }
}

function asArray(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw new TypeError("CLUSTER SLOTS gave no list.");
}
