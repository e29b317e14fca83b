import { randomUUID } from "node:crypto";
import type { Backend, BackendCapabilities } from "@lovage/backend";
import { AmqpLink, CallChannel, type AmqpTarget, type ConsumeMessage } from "@lovage/client-amqp";
import { within, type DriverContext } from "@lovage/foundation";

import { toBackendError } from "./errors.ts";
import type { ParsedRpcOptions } from "./options.ts";
import { ReplyAddresses } from "./reply-addresses.ts";
import { readReply } from "./reply-message.ts";
import { ReplyQueue } from "./reply-queue.ts";
import { ReplySender } from "./reply-sender.ts";
import { RpcResults } from "./rpc-results.ts";

/** What an {@link RpcBackend} is opened with. */
export interface RpcBackendOpening extends DriverContext {
  readonly target: AmqpTarget;
  readonly options: ParsedRpcOptions;
}

const mebibyte = 1024 * 1024;
const defaults = {
  maxDocumentBytes: 16 * mebibyte,
  maxKeptBytes: 64 * mebibyte,
  replyQueueExpires: 3_600_000,
  resultExpires: 86_400_000,
} as const;
/** How long letting go of the server may take. */
const closingMs = 250;
/** Over which callers that are gone are asked for, two round trips each. Opened when they are needed. */
const askingChannels = 16;

/**
 * | state  | results              | the queue for replies             | close                       |
 * |--------|----------------------|-----------------------------------|-----------------------------|
 * | open   | work                 | consumed, over session after session | deletes the queue, lets go |
 * | closed | reject with `CLOSED` | gone                              | nothing                     |
 */
export class RpcBackend implements Backend {
  readonly capabilities: BackendCapabilities;
  readonly results: RpcResults;
  readonly #opening: RpcBackendOpening;
  readonly #link: AmqpLink;
  readonly #sender: ReplySender;
  readonly #queue: ReplyQueue;
  #closing: Promise<void> | undefined;

  private constructor(opening: RpcBackendOpening, link: AmqpLink) {
    const { clock, log, options } = opening;
    const {
      maxDocumentBytes = defaults.maxDocumentBytes,
      maxKeptBytes = defaults.maxKeptBytes,
      replyQueueExpires = defaults.replyQueueExpires,
    } = options;
    const name = `lovage.reply.${randomUUID()}`;
    this.#opening = opening;
    this.#link = link;
    const calls = Array.from({ length: askingChannels }, () => new CallChannel(link));
    const addresses = new ReplyAddresses({ calls, clock, log });
    this.#sender = new ReplySender({ clock, log, addresses });
    this.results = new RpcResults({ replyTo: name, sender: this.#sender, clock, log, maxDocumentBytes, maxKeptBytes });
    const onReply = (reply: ConsumeMessage): void => this.#receive(reply);
    this.#queue = new ReplyQueue({ name, expiresMs: replyQueueExpires, clock, log, onReply });
    this.capabilities = Object.freeze<BackendCapabilities>({
      reach: "network",
      durability: "none",
      readers: "caller",
      watch: "push",
      maxDocumentBytes,
    });
  }

  /** @throws BACKEND_UNAVAILABLE, AMQP_FAILED for a server that refuses */
  static async open(opening: RpcBackendOpening): Promise<RpcBackend> {
    const { target, clock, log, name } = opening;
    let backend: RpcBackend | undefined;
    let opened: RpcBackend | undefined;
    let link: AmqpLink | undefined;
    try {
      link = await AmqpLink.open({
        target,
        clock,
        log,
        name: `${name} (results)`,
        onSession: (session) => {
          if (backend === undefined) return;
          backend.#sender.use(session);
          backend.#queue.restart(session);
        },
      });
      opened = new RpcBackend(opening, link);
      const session = link.requireSession();
      await opened.#queue.open(session);
      opened.#sender.use(session);
      backend = opened;
      return opened;
    } catch (error) {
      await (opened?.close() ?? link?.close(closingMs));
      throw toBackendError(error);
    }
  }

  async sweep(): Promise<number> {
    return this.results.sweep();
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    const { clock } = this.#opening;
    this.results.close();
    this.#sender.close();
    await within(clock, closingMs, this.#queue.close());
    await this.#link.close(closingMs);
  }

  #receive(reply: ConsumeMessage): void {
    const { log, options } = this.#opening;
    const read = readReply(reply, options.resultExpires ?? defaults.resultExpires);
    if (!("unreadable" in read)) return void this.results.keep(read);
    const { taskId, unreadable } = read;
    log.error(`A result cannot be read and is dropped: ${unreadable}. Who waits for it waits in vain.`, { taskId });
  }
}
