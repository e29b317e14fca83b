import { isRedisError, type RedisConnection } from "@lovage/client-redis";
import { hasCode, isLovageError } from "@lovage/foundation";
import type { RoutedMessage, Settlement } from "@lovage/lease-engine";
import type { PublishError } from "@lovage/transport";

import { confirmReplicas, eachSlot, publishFollowUps } from "./publish.ts";
import type { Server } from "./server.ts";

/**
 * Follow-ups for other slots of a cluster. A settlement may be repeated, alone or beside others: what has been accepted of its messages is not written a second
 * time. Another settlement's are others, although the caller may use one object for both.
 */
export class HandOvers {
  /** What each settlement hands over, as objects of its own. */
  readonly #messages = new WeakMap<Settlement, readonly RoutedMessage[]>();
  readonly #accepted = new WeakSet<RoutedMessage>();
  /** Written, and not known to be on enough replicas. Only the connection that wrote them can ask for that. */
  readonly #unconfirmed = new WeakMap<RoutedMessage, RedisConnection>();

  /**
   * Resolves once those of the settlements' follow-ups that are `apart` have been accepted, now or before.
   * @throws PUBLISH_UNCERTAIN, TRANSPORT_REJECTED, TRANSPORT_UNAVAILABLE
   */
  async publish(
    server: Server,
    settlements: readonly Settlement[],
    apart: (message: RoutedMessage) => boolean,
  ): Promise<void> {
    const messages = settlements.flatMap((settlement) => this.#messagesOf(settlement, apart));
    const open = messages.filter((message) => !this.#accepted.has(message));
    if (open.length === 0) return;
    try {
      await eachSlot(server, open, (part) => this.#publishTo(server, part));
    } catch (error) {
      throw hasCode(error, "PUBLISH_FAILED") ? foremostOf(error as PublishError) : error;
    }
  }

  #messagesOf(settlement: Settlement, apart: (message: RoutedMessage) => boolean): readonly RoutedMessage[] {
    const known = this.#messages.get(settlement);
    if (known !== undefined) return known;
    const messages = (settlement.followUps ?? []).filter(apart).map(ownOf);
    this.#messages.set(settlement, messages);
    return messages;
  }

  async #publishTo(server: Server, messages: readonly RoutedMessage[]): Promise<void> {
    const connection = server.connection();
    const unwritten = messages.filter((message) => this.#unconfirmed.get(message) !== connection);
    const [first] = messages;
    try {
      if (unwritten.length > 0) await publishFollowUps(server, unwritten);
      else if (first !== undefined) await confirmReplicas(server, first.to);
    } catch (error) {
      if (isUnreplicated(error)) for (const message of unwritten) this.#unconfirmed.set(message, connection);
      throw error;
    }
    for (const message of messages) this.#accepted.add(message);
  }
}

function ownOf(message: RoutedMessage): RoutedMessage {
  return { ...message };
}

/** What passes, so that the settlements are repeated as they are; else a refusal, by which they are tried in parts. Places of messages would be taken for places of settlements. */
function foremostOf({ failures }: PublishError): unknown {
  return (failures.find(({ error }) => isLovageError(error) && error.retryable) ?? failures[0])?.error;
}

function isUnreplicated(error: unknown): boolean {
  const cause = error instanceof Error ? error.cause : undefined;
  return isRedisError(cause) && cause.kind === "unreplicated";
}
