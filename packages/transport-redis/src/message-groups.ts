import { ArgumentWriter } from "@lovage/client-redis";
import { encodeEnvelope, type RoutedMessage } from "@lovage/lease-engine";

import { addEnvelope, addItem, writeStamp } from "./item.ts";
import type { Server } from "./server.ts";
import { withEta } from "./with-eta.ts";

/** Longest delay in ms that a stamp can hold; further ones are shown as this. */
const furthestStampMs = 2_821_109_907_455;
/** What a message takes beside its body and headers of some length: about. */
const usualBytes = 320;
/** The number of messages of a group is known only at its end. */
const countDigits = 7;

/** Where a message goes, as the scripts take it. */
interface Way {
  readonly priority: string;
  readonly key: string;
}

/** Messages as the scripts take them: in order, and those in a row that go the same way as one group (base, priority, key, count, items). */
export function messageGroups(server: Server, messages: readonly RoutedMessage[]): ArgumentWriter {
  const groups = new GroupWriter(server, expectedBytes(messages));
  for (const message of messages) groups.add(message);
  return groups.end();
}

/** Adds messages to the arguments of a script that takes them among others: how many arguments they are, and these. */
export function addGroups(args: ArgumentWriter, server: Server, messages: readonly RoutedMessage[]): void {
  const groups = messages.length === 0 ? undefined : messageGroups(server, messages);
  args.add(String(groups?.count ?? 0));
  if (groups !== undefined) args.addAll(groups);
}

function expectedBytes(messages: readonly RoutedMessage[]): number {
  let bytes = 0;
  for (const { body } of messages) bytes += body.byteLength + usualBytes;
  return bytes;
}

class GroupWriter {
  readonly #server: Server;
  readonly #args: ArgumentWriter;
  readonly #nowMs: number;
  readonly #stamp: string;
  /** The group that is being written. */
  #to: string | undefined;
  #way: Way = { priority: "", key: "" };
  #countAt = 0;
  #count = 0;

  constructor(server: Server, bytes: number) {
    this.#server = server;
    this.#args = new ArgumentWriter(bytes);
    this.#nowMs = server.nowMs();
    this.#stamp = writeStamp(this.#nowMs);
  }

  add(message: RoutedMessage): void {
    if (this.#server.readers.areCelery(message.to)) return this.#addForCelery(message);
    const { notBefore, properties } = message;
    if (notBefore === undefined) {
      this.#join(message.to, priorities[properties.priority ?? 0] ?? "0", properties.key ?? "");
      addItem(this.#args, message, this.#stamp);
    } else {
      const { priority, key } = delayOf(notBefore);
      this.#join(message.to, priority, key);
      addItem(this.#args, message, this.#stampOf(message));
    }
  }

  end(): ArgumentWriter {
    this.#endGroup();
    return this.#args;
  }

  /**
   * Celery's workers wait for the header `eta` by themselves, so what has one is ready at once. What has none waits in a delay of ours; where only Celery's
   * workers read, nobody would fetch it from there, so that it is given the header.
   */
  #addForCelery(message: RoutedMessage): void {
    const { kombu, readers } = this.#server;
    const { to, notBefore, properties } = message;
    const { priority = 0 } = properties;
    const isTold = notBefore === undefined || typeof message.headers["eta"] === "string";
    const isForCelery = !isTold && readers.of(to) === "celery";
    const told = isForCelery ? withEta(message, this.#stampMsOf(message)) : message;
    const envelope = encodeEnvelope(told, { exchange: "", routingKey: to });
    if (isTold || isForCelery) {
      this.#join(to, "k", kombu.listFor(to, priority));
      this.#args.add(envelope);
    } else {
      const way = delayOf(notBefore);
      this.#join(to, way.priority, way.key);
      addEnvelope(this.#args, envelope, { priority, stamp: this.#stampOf(message) });
    }
  }

  /** Begins another group unless the last message went the same way. */
  #join(to: string, priority: string, key: string): void {
    if (to !== this.#to || priority !== this.#way.priority || key !== this.#way.key) {
      this.#endGroup();
      this.#to = to;
      this.#way = { priority, key };
      this.#args.add(this.#server.keys.base(to));
      this.#args.add(priority);
      this.#args.add(key);
      this.#countAt = this.#args.reserve(countDigits);
      this.#count = 0;
    }
    this.#count += 1;
  }

  #endGroup(): void {
    if (this.#count === 0) return;
    this.#args.memory.write(String(this.#count).padStart(countDigits, "0"), this.#countAt, "latin1");
  }

  #stampOf(message: RoutedMessage): string {
    return writeStamp(this.#stampMsOf(message));
  }

  #stampMsOf({ notBefore }: RoutedMessage): number {
    if (notBefore === undefined) return this.#nowMs;
    const atMs = "inMs" in notBefore ? this.#nowMs + notBefore.inMs : notBefore.atMs;
    return Math.min(furthestStampMs, Math.max(this.#nowMs, atMs));
  }
}

/** As texts, which are not made for every message. */
const priorities = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"] as const;

/** How to count, and milliseconds. */
function delayOf(notBefore: NonNullable<RoutedMessage["notBefore"]>): Way {
  return "inMs" in notBefore
    ? { priority: "r", key: msText(notBefore.inMs) }
    : { priority: "a", key: msText(notBefore.atMs) };
}

/** Without an exponent, which the scripts would read but Redis would not. */
function msText(ms: number): string {
  return String(Math.min(Number.MAX_SAFE_INTEGER, Math.max(0, Math.ceil(ms))));
}
