import { asList, asNumber, asText } from "@lovage/client-redis";
import type { BucketRequest, ClaimKeyRequest, Coordination, Hold, HoldRequest } from "@lovage/backend";

import type { Keys } from "./keys.ts";
import type { Link } from "./link.ts";
import {
  acquireScript,
  claimKeyScript,
  releaseKeyScript,
  releaseScript,
  renewScript,
  reserveScript,
} from "./scripts/coordination.ts";

/** Locks, limits and unique keys in Redis; see {@link Coordination}. */
export class RedisCoordination implements Coordination {
  readonly #link: Link;
  readonly #keys: Keys;

  constructor(link: Link, keys: Keys) {
    this.#link = link;
    this.#keys = keys;
  }

  async acquire({ name, holder, limit = 1, leaseMs, waitMs = 0 }: HoldRequest): Promise<Hold> {
    const args = [holder, limit, Math.ceil(leaseMs), Math.ceil(waitMs)];
    const reply = asList(await this.#link.run(acquireScript, [this.#keys.hold(name)], args));
    const [granted, fence = 0, retryInMs = 1, ahead = 0] = reply.map(asNumber);
    return granted === 1 ? { granted: true, fence } : { granted: false, retryInMs, ahead };
  }

  async renew(name: string, holder: string, leaseMs: number): Promise<boolean> {
    return (await this.#link.run(renewScript, [this.#keys.hold(name)], [holder, Math.ceil(leaseMs)])) === 1;
  }

  async release(name: string, holder: string): Promise<void> {
    await this.#link.run(releaseScript, [this.#keys.hold(name)], [holder]);
  }

  async reserve({ name, tokens, perMs, burst = tokens, cost = 1 }: BucketRequest): Promise<{ readonly inMs: number }> {
    const [keys, args] = [[this.#keys.bucket(name)], [perMs / tokens, burst, cost]];
    // Not durably: asked again for want of a replica it would book again, and a turn that a failover forgets is one too many at the most.
    const reply = await this.#link.use((connection) => connection.run(reserveScript, keys, args));
    return { inMs: asNumber(reply) };
  }

  async claimKey({ key, owner, expiresInMs }: ClaimKeyRequest): Promise<{ readonly owner: string }> {
    const args = [owner, Math.max(1, Math.ceil(expiresInMs))];
    return { owner: asText(await this.#link.run(claimKeyScript, [this.#keys.unique(key)], args)) };
  }

  async releaseKey(key: string, owner: string): Promise<void> {
    await this.#link.run(releaseKeyScript, [this.#keys.unique(key)], [owner]);
  }
}
