import { randomUUID } from "node:crypto";

import type { Log } from "@lovage/foundation";
import type { RoutedMessage } from "@lovage/lease-engine";
import { messageBytes, MessageTooLargeError, type ClaimCheck, type Message } from "@lovage/transport";

import type { Arrival } from "./arrival.ts";
import { ownMessageBytes } from "./capabilities.ts";
import { claimOf, withBody, withClaim } from "./claim-header.ts";
import type { KnownQueue } from "./queue-directory.ts";

/** Bodies that are too large for SQS and are kept by a {@link ClaimCheck}. */
export class Claims {
  readonly #check: ClaimCheck;
  readonly #log: Log;

  constructor(check: ClaimCheck, log: Log) {
    this.#check = check;
    this.#log = log;
  }

  /** The largest message that a queue takes with our help. Python's workers could not read what is kept elsewhere. */
  limitOf(queue: KnownQueue): number {
    return queue.isShared ? ownMessageBytes(queue.maxBytes) : this.#check.maxBytes;
  }

  /**
   * The message as it goes into a queue: itself, or without its body, which is durable elsewhere by then.
   * @throws MESSAGE_TOO_LARGE before any I/O; what the claim check throws
   */
  async deposit(message: RoutedMessage, queue: KnownQueue): Promise<RoutedMessage> {
    const limit = ownMessageBytes(queue.maxBytes);
    if (message.body.byteLength === 0 || messageBytes(message) <= limit) return message;
    const key = `${queue.sqsName}/${randomUUID()}`;
    const light = withClaim(message, key);
    const { messageId } = message.properties;
    const bytes = messageBytes(light);
    if (bytes > limit) throw new MessageTooLargeError(messageId, { bytes, maxBytes: limit });
    await this.#check.put(key, message.body);
    return light;
  }

  /**
   * The message with its body. One whose body is gone is given as it is, so that its consumer sees that it cannot be read.
   * @throws what the claim check throws
   */
  async redeem({ message, claim }: Arrival): Promise<Message> {
    if (claim === undefined) return message;
    const body = await this.#check.get(claim);
    if (body !== undefined) return withBody(message, body);
    const { messageId } = message.properties;
    this.#log.warn(`The body of message ${messageId} is not in the claim check any more.`, {
      code: "claim-missing",
      key: claim,
    });
    return message;
  }

  /** Deletes what ended messages have left. What cannot be deleted stays until the store removes it by age. */
  async drop(messages: readonly Message[]): Promise<void> {
    const keys = messages.map((message) => claimOf(message)).filter((key) => key !== undefined);
    await Promise.all(
      keys.map(async (key) => {
        try {
          await this.#check.delete(key);
        } catch (error) {
          this.#log.warn("A body in the claim check could not be deleted.", { key, error: String(error) });
        }
      }),
    );
  }
}
