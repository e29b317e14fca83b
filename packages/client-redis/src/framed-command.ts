import { Command } from "ioredis";

import type { ArgumentWriter } from "./argument-writer.ts";

/** A command whose last arguments are in the form of the wire already: the client's own would take them one by one. Its reply is of buffers. */
export class FramedCommand extends Command {
  readonly #first: readonly string[];
  readonly #rest: ArgumentWriter;

  /** @param first Arguments before those that are written. */
  constructor(name: string, first: readonly string[], rest: ArgumentWriter) {
    super(name, [], { replyEncoding: null });
    this.#first = first;
    this.#rest = rest;
  }

  override toWritable(): Buffer {
    const { written, count } = this.#rest;
    let head = `*${1 + this.#first.length + count}\r\n${argument(this.name)}`;
    for (const value of this.#first) head += argument(value);
    const headBytes = Buffer.byteLength(head);
    const whole = Buffer.allocUnsafe(headBytes + written.length);
    whole.write(head);
    whole.set(written, headBytes);
    return whole;
  }
}

function argument(value: string): string {
  return `$${Buffer.byteLength(value)}\r\n${value}\r\n`;
}
