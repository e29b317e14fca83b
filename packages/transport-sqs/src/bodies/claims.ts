import { randomUUID } from "node:crypto";

import { UnderWay, type Log } from "@lovage/foundation";
import type { RoutedMessage } from "@lovage/lease-engine";
import { messageBytes, MessageTooLargeError, type ClaimCheck, type Message } from "@lovage/transport";

import type { Arrival } from "../message/arrival.ts";
import { ownMessageBytes } from "../queues/capabilities.ts";
import { claimOf, withBody, withClaim } from "../message/claim-header.ts";
import { Lanes } from "./lanes.ts";
import type { KnownQueue } from "../queues/queue-directory.ts";

/** Calls of a kind at once: a claim check counts its time from the call, and more would wait for connections on that time. */
const maxCallsAtOnce = 16;
/** How many deletions may be under way that nobody waits for. */
const mostDropping = 1_000;

/** Bodies that are too large for SQS and are kept by a {@link ClaimCheck}. */
export class Claims {
  readonly #check: ClaimCheck;
  readonly #log: Log;
  readonly #puts = new Lanes(maxCallsAtOnce);
  readonly #gets = new Lanes(maxCallsAtOnce);
  readonly #deletes = new Lanes(maxCallsAtOnce);
  readonly #dropping = new UnderWay();
  #isBehind = false;

  constructor(check: ClaimCheck, log: Log) {
    this.#check = check;
    this.#log = log;
  }

  /** The largest message that a queue takes with our help. Python's workers could not read what is kept elsewhere. */
  limitOf(queue: KnownQueue): number {
    return queue.isShared ? ownMessageBytes(queue.maxBytes) : this.#check.maxBytes;
  }

  /** Whether a message is one for {@link Claims.deposit}. */
  takes(message: Message, queue: KnownQueue): boolean {
    return message.body.byteLength > 0 && messageBytes(message) > ownMessageBytes(queue.maxBytes);
  }

  /**
   * The message as it goes into a queue: itself, or without its body, which is durable elsewhere by then.
   * @throws MESSAGE_TOO_LARGE before any I/O; what the claim check throws
   */
  async deposit(message: RoutedMessage, queue: KnownQueue): Promise<RoutedMessage> {
    if (!this.takes(message, queue)) return message;
    const limit = ownMessageBytes(queue.maxBytes);
    const key = `${queue.sqsName}/${randomUUID()}`;
    const light = withClaim(message, key);
    const { messageId } = message.properties;
    const bytes = messageBytes(light);
    if (bytes > limit) throw new MessageTooLargeError(messageId, { bytes, maxBytes: limit });
    await this.#puts.run(() => this.#check.put(key, message.body));
    return light;
  }

  /**
   * The message with its body. One whose body is gone is given as it is, so that its consumer sees that it cannot be read.
   * @throws what the claim check throws
   */
  async redeem({ message, claim }: Arrival): Promise<Message> {
    if (claim === undefined) return message;
    const body = await this.#gets.run(() => this.#check.get(claim));
    if (body !== undefined) return withBody(message, body);
    const { messageId } = message.properties;
    this.#log.warn(`The body of message ${messageId} is not in the claim check any more.`, {
      code: "claim-missing",
      key: claim,
    });
    return message;
  }

  /** As `drop`, but nobody waits for it: acknowledgements that are told late count as lost. With very much under way, bodies are left to the store's own rule. */
  dropSoon(messages: readonly Message[]): void {
    if (messages.every((message) => claimOf(message) === undefined)) return;
    if (this.#dropping.size >= mostDropping) return this.#tellBehind();
    // Not at once: it would be told again and again.
    if (this.#dropping.size < mostDropping / 2) this.#isBehind = false;
    this.#dropping.add(this.drop(messages));
  }

  #tellBehind(): void {
    if (this.#isBehind) return;
    this.#isBehind = true;
    const text =
      "The claim check deletes more slowly than messages end: bodies are left in it, for its lifecycle rule to remove.";
    this.#log.warn(text, { code: "claims-left" });
  }

  /** Resolves once nothing is being deleted. Never rejects. */
  async idle(): Promise<void> {
    await this.#dropping.over();
  }

  /** Deletes what ended messages have left; never rejects. What cannot be deleted stays until the store removes it by age. */
  async drop(messages: readonly Message[]): Promise<void> {
    const keys = messages.map((message) => claimOf(message)).filter((key) => key !== undefined);
    await Promise.all(
      keys.map(async (key) => {
        try {
          await this.#deletes.run(() => this.#check.delete(key));
        } catch (error) {
          this.#log.warn("A body in the claim check could not be deleted.", { key, error: String(error) });
        }
      }),
    );
  }
}
