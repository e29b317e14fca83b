import type { BucketRequest, ClaimKeyRequest, Coordination, Hold, HoldRequest } from "@lovage/backend";
import { acquirePlace, releasePlace, renewPlace } from "./acquire-place.ts";
import type { Store } from "./store.ts";

const findBooked = "SELECT booked_until FROM lovage_bucket WHERE name = ?";
const book =
  "INSERT INTO lovage_bucket (name, booked_until) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET booked_until = excluded.booked_until";
const claim =
  "INSERT INTO lovage_key (key, owner, expires_at) VALUES (?, ?, ?) ON CONFLICT (key) DO UPDATE SET owner = excluded.owner, expires_at = excluded.expires_at WHERE lovage_key.owner = excluded.owner OR lovage_key.expires_at <= ?";

/** Locks, limits and unique keys in SQLite; see {@link Coordination}. */
export class SqliteCoordination implements Coordination {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  async acquire(request: HoldRequest): Promise<Hold> {
    // Durable, because a fence that was granted must never be granted again.
    return await this.#store.write((connection, nowMs) => acquirePlace(connection, request, nowMs));
  }

  async renew(name: string, holder: string, leaseMs: number): Promise<boolean> {
    return await this.#store.writeRelaxed((connection, nowMs) =>
      renewPlace(connection, { name, holder, leaseMs }, nowMs),
    );
  }

  async release(name: string, holder: string): Promise<void> {
    await this.#store.writeRelaxed((connection) => releasePlace(connection, name, holder));
  }

  async reserve(request: BucketRequest): Promise<{ readonly inMs: number }> {
    const { name, tokens, perMs, burst = tokens, cost = 1 } = request;
    const tokenMs = perMs / tokens;
    return await this.#store.writeRelaxed((connection, nowMs) => {
      const booked = Number(connection.statement(findBooked).get(name)?.["booked_until"] ?? 0);
      const bookedUntilMs = Math.max(booked, nowMs) + cost * tokenMs;
      connection.statement(book).run(name, bookedUntilMs);
      return { inMs: Math.max(0, Math.ceil(bookedUntilMs - burst * tokenMs - nowMs)) };
    });
  }

  async claimKey({ key, owner, expiresInMs }: ClaimKeyRequest): Promise<{ readonly owner: string }> {
    return await this.#store.write((connection, nowMs) => {
      const claimed = connection.statement(claim).run(key, owner, nowMs + expiresInMs, nowMs).changes === 1;
      if (claimed) return { owner };
      const there = connection.statement("SELECT owner FROM lovage_key WHERE key = ?").get(key);
      return { owner: String(there?.["owner"]) };
    });
  }

  async releaseKey(key: string, owner: string): Promise<void> {
    await this.#store.write((connection) => {
      connection.statement("DELETE FROM lovage_key WHERE key = ? AND owner = ?").run(key, owner);
    });
  }
}
