import { createRequire } from "node:module";
import path from "node:path";
import * as fc from "fast-check";
import { expect, test } from "vitest";

import { headerNumber } from "./header-number.ts";

interface Codec {
  encodeTable(buffer: Buffer, table: object, offset: number): number;
  decodeFields(table: Buffer): Readonly<Record<string, unknown>>;
}

const require = createRequire(import.meta.url);
// The client exports its codec to nobody, and only its own bytes tell which types it chooses.
const codec = require(path.join(path.dirname(require.resolve("amqplib")), "lib", "codec.js")) as Codec;

/** A table with the one value "n", without its length. */
function tableOf(value: unknown): Buffer {
  const buffer = Buffer.alloc(64);
  return buffer.subarray(4, codec.encodeTable(buffer, { n: value }, 0));
}

/** As Celery's client reads a field (py-amqp 5, `_read_item`), up to its mended releases. */
function readByCelery(table: Buffer): unknown {
  const tag = String.fromCharCode(table[2] ?? 0);
  const bytes = table.subarray(3);
  const readers: Readonly<Record<string, () => unknown>> = {
    b: () => bytes.readUInt8(),
    B: () => bytes.readUInt8(),
    s: () => bytes.toString("utf8", 1, 1 + bytes.readUInt8()),
    U: () => bytes.readInt16BE(),
    u: () => bytes.readUInt16BE(),
    I: () => bytes.readInt32BE(),
    i: () => bytes.readUInt32BE(),
    l: () => Number(bytes.readBigUInt64BE()),
    L: () => Number(bytes.readBigInt64BE()),
    f: () => bytes.readFloatBE(),
    d: () => bytes.readDoubleBE(),
    V: () => null,
  };
  return readers[tag]?.();
}

const edges = [7, 8, 15, 16, 31, 32, 50, 53, 63].flatMap((bits) => [2 ** bits - 1, 2 ** bits, 2 ** bits + 1]);
const odd = [...edges, ...edges.map((edge) => -edge), 2 ** 50 + 0.5, -(2 ** 50) - 0.5, 1e30, -1e30, 0, 0.5, -0.5];
const numbers = fc.oneof(
  fc.integer({ min: -70_000, max: 70_000 }),
  fc.maxSafeInteger(),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((number) => number || 0),
  fc.constantFrom(...odd),
);

test("a number is the same to Celery's client as to ours", () => {
  fc.assert(
    fc.property(numbers, (number) => {
      const table = tableOf(headerNumber(number));
      expect([readByCelery(table), codec.decodeFields(table)["n"]]).toEqual([number, number]);
    }),
  );
});

test.each(odd)("%d too", (number) => {
  const table = tableOf(headerNumber(number));
  expect([readByCelery(table), codec.decodeFields(table)["n"]]).toEqual([number, number]);
});

test("what RabbitMQ cannot read is null, as in JSON", () => {
  expect([NaN, Infinity, -Infinity].map((number) => headerNumber(number))).toEqual([null, null, null]);
});
