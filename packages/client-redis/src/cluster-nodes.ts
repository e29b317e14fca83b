import { NodeConnection } from "./node-connection.ts";
import { isRedisError, RedisError } from "./redis-error.ts";
import { hostsOf, type RedisHost } from "./redis-url.ts";
import type { WireOpening } from "./redis-wire.ts";

/** How long anything waits for a node that is not open: one that is cut off would keep all waiting for ten seconds, a third of a lease. */
export const laggardMs = 1_000;

/** The connections to the nodes of a cluster, each made when it is needed. The end of one is the end of the wire, so that none is taken out. */
export class ClusterNodes {
  readonly #opening: WireOpening;
  /** Open, or on their way. */
  readonly #attempts = new Map<string, Promise<NodeConnection>>();
  readonly #open = new Map<string, NodeConnection>();
  #isClosed = false;

  constructor(opening: WireOpening) {
    this.#opening = opening;
  }

  /** Those that are connected. */
  get open(): readonly NodeConnection[] {
    return [...this.#open.values()];
  }

  /** The connection to a node, if there is one. */
  opened(node: RedisHost): NodeConnection | undefined {
    return this.#open.get(addressOf(node));
  }

  /** Connects to a node, unless it is connected or on its way. @throws RedisError, of kind `away` when it cannot be reached */
  connect(node: RedisHost): Promise<NodeConnection> {
    const address = addressOf(node);
    const known = this.#attempts.get(address);
    if (known !== undefined) return known;
    const attempt = this.#attempt(node);
    this.#attempts.set(address, attempt);
    attempt.catch(() => this.#attempts.delete(address));
    if (this.#isClosed) closeWhenOpen(attempt);
    return attempt;
  }

  /** As {@link connect}, but waits no longer than a second. The attempt goes on, for those who come later. */
  async reach(node: RedisHost): Promise<NodeConnection> {
    const late = Promise.withResolvers<never>();
    const timer = this.#opening.clock.timer(laggardMs, () => late.reject(tooLate(node)));
    try {
      return await Promise.race([this.connect(node), late.promise]);
    } finally {
      timer.cancel();
    }
  }

  /** Idempotent; calls under way fail. */
  close(): void {
    this.#isClosed = true;
    for (const attempt of this.#attempts.values()) closeWhenOpen(attempt);
  }

  async #attempt(node: RedisHost): Promise<NodeConnection> {
    const { target, clock, name, onEnd, signal } = this.#opening;
    try {
      const open = await NodeConnection.open({ target, clock, node, name, onEnd, signal });
      this.#open.set(addressOf(node), open);
      return open;
    } catch (error) {
      throw isRedisError(error) && error.kind === "unavailable" && !this.#isClosed ? away(error) : error;
    }
  }
}

/** The name of a node. */
export function addressOf(node: RedisHost): string {
  return hostsOf({ hosts: [node] });
}

/** An error of one node, of which the others know nothing. */
export function away(cause: RedisError): RedisError {
  return new RedisError(cause.message, { kind: "away", cause });
}

/** Whether one node is away: nothing was written. */
export function isAway(error: unknown): error is RedisError {
  return isRedisError(error) && error.kind === "away";
}

function tooLate(node: RedisHost): RedisError {
  return new RedisError(`Redis at ${addressOf(node)} cannot be reached: no answer within ${laggardMs} ms`, {
    kind: "away",
  });
}

function closeWhenOpen(node: Promise<NodeConnection>): void {
  node.then(
    (open) => open.close(),
    // It never was open.
    () => {},
  );
}
