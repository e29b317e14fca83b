import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { PassThrough } from "node:stream";
import type { ChannelModel } from "amqplib";
import { expect, test } from "vitest";

import { readAllHeaders, type FrameReader } from "./readable-headers.ts";

const require = createRequire(import.meta.url);
const client = dirname(require.resolve("amqplib"));
const { Connection } = require(join(client, "lib/connection.js")) as {
  readonly Connection: new (stream: PassThrough) => FrameReader;
};

const long = (bytes: Buffer): Buffer => {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
};
const short = (text: string): Buffer => Buffer.from([text.length, ...Buffer.from(text)]);
const field = (name: string, kind: string, bytes: Buffer): Buffer =>
  Buffer.concat([short(name), Buffer.from(kind), bytes]);
const wide = (value: bigint): Buffer => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64BE(value);
  return bytes;
};

/** The frame of a message's properties: a content type, and headers. */
function headerFrame(table: Buffer): Buffer {
  const head = Buffer.concat([Buffer.from([0, 60, 0, 0]), Buffer.alloc(8), Buffer.from([0xa0, 0])]);
  const payload = Buffer.concat([head, short("application/json"), long(table)]);
  return Buffer.concat([Buffer.from([2, 0, 1]), long(payload), Buffer.from([0xce])]);
}

/** What the client reads of bytes that come in two pieces. */
function read(bytes: Buffer): unknown[] {
  const stream = new PassThrough();
  const connection = new Connection(stream);
  readAllHeaders({ connection } as unknown as ChannelModel);
  const frames: unknown[] = [];
  for (const piece of [bytes.subarray(0, 40), bytes.subarray(40)]) {
    stream.write(piece);
    for (let frame = connection.recvFrame(); frame !== false; frame = connection.recvFrame()) frames.push(frame);
  }
  return frames;
}

const heartbeat = Buffer.from([8, 0, 0, 0, 0, 0, 0, 0xce]);
const fieldsOf = (headers: object): object => ({ fields: { contentType: "application/json", headers } });

test("a whole number of more than 32 bits is read as Python writes it, also within tables and lists, and what comes behind it", () => {
  const inner = field("L", "L", wide(-5_000_000_000n));
  const list = Buffer.concat([Buffer.from("L"), wide(7n), Buffer.from("S"), long(Buffer.from("LLL"))]);
  const table = Buffer.concat([
    field("at", "L", wide(1_795_216_669_663n)),
    field("on", "t", Buffer.from([1])),
    field("in", "F", long(inner)),
    field("of", "A", long(list)),
  ]);
  const headers = { at: 1_795_216_669_663, on: true, in: { L: -5_000_000_000 }, of: [7, "LLL"] };
  expect(read(Buffer.concat([headerFrame(table), heartbeat]))).toMatchObject([fieldsOf(headers), { channel: 0 }]);
});

test("what is nested deeper than the stack reaches is read down to a depth, with the rest as bytes", () => {
  for (const kind of ["F", "A"]) {
    let inner = Buffer.alloc(0);
    for (let depth = 0; depth < 8_000; depth += 1)
      inner = Buffer.concat([kind === "F" ? short("a") : Buffer.alloc(0), Buffer.from(kind), long(inner)]);
    const table = Buffer.concat([field("deep", kind, long(inner)), field("id", "S", long(Buffer.from("t1")))]);
    expect(read(Buffer.concat([headerFrame(table), heartbeat]))).toMatchObject([
      fieldsOf({ id: "t1" }),
      { channel: 0 },
    ]);
  }
});

test("what is no table fails as before", () => {
  expect(() => read(headerFrame(field("odd", "?", Buffer.alloc(8))))).toThrow('Unexpected type tag "?"');
});
