import { hasCode } from "@lovage/foundation";
import type { HeaderValue, Message } from "@lovage/transport";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";

import { decodeFrame, encodeFrame } from "./frame.ts";

const id = "11111111-1111-4111-8111-111111111111";
const celery: Message = {
  headers: {
    lang: "js",
    task: "shop.add",
    id,
    shadow: null,
    eta: null,
    expires: null,
    group: null,
    group_index: null,
    retries: 0,
    timelimit: [null, null],
    root_id: id,
    parent_id: null,
    argsrepr: "(2, 3)",
    kwargsrepr: "{}",
    origin: "gen1@host",
    ignore_result: false,
    replaced_task_nesting: 0,
    stamped_headers: null,
    stamps: {},
  },
  properties: { messageId: `${id}:0`, contentType: "application/json", contentEncoding: "utf-8", correlationId: id },
  body: Buffer.from('[[2,3],{},{"callbacks":null,"errbacks":null,"chain":null,"chord":null}]'),
};

const headers = fc.dictionary(
  fc.string({ unit: "binary" }),
  fc.jsonValue({ maxDepth: 3, stringUnit: "binary" }).map((value) => JSON.parse(JSON.stringify(value)) as HeaderValue),
);
/** Text in which codes, words and the id are likely. */
const tricky = fc
  .array(
    fc.oneof(
      fc.string({ unit: "binary" }),
      fc.constantFrom(id, "\u0001", "\u0002", "\u0000", '"', '"task":', ',"application/json","utf-8",'),
    ),
  )
  .map((parts) => parts.join(""));

describe("frame", () => {
  it("gives back every message as it was", () => {
    const messages = fc.record({
      headers: fc.oneof(headers, fc.record({ a: tricky, [id]: tricky })),
      properties: fc.record(
        {
          messageId: fc.oneof(tricky, fc.constant(`${id}:3`)),
          contentType: tricky,
          contentEncoding: tricky,
          correlationId: tricky,
          replyTo: tricky,
          priority: fc.integer({ min: 0, max: 9 }),
          key: tricky,
        },
        { requiredKeys: ["messageId", "contentType", "contentEncoding"] },
      ),
      body: fc.uint8Array(),
    });
    fc.assert(
      fc.property(messages, (message) => {
        // A text that comes again is not parsed again.
        for (let time = 1; time <= 3; time += 1) {
          const decoded = decodeFrame(encodeFrame(message));
          expect(JSON.stringify(decoded.headers)).toBe(JSON.stringify(message.headers));
          expect(decoded.properties).toEqual(message.properties);
          expect([...decoded.body]).toEqual([...message.body]);
        }
      }),
    );
  });

  it("gives each of many calls of one task its own id", () => {
    for (let number = 1; number <= 1_000; number += 1) {
      const other = `${id.slice(0, -4)}${number + 1_000}`;
      const written = { lang: "js", task: `shop.task-${number % 300}`, id: other, root_id: other, origin: "gen1@host" };
      const properties = { ...celery.properties, messageId: `${other}:${number % 3}`, correlationId: other };
      const decoded = decodeFrame(encodeFrame({ headers: written, properties, body: celery.body }));
      expect(decoded).toMatchObject({ headers: written, properties });
    }
  });

  it("gives two messages no object in common", () => {
    const [first, second, third] = [1, 2, 3].map(() => decodeFrame(encodeFrame(celery)));
    expect(third).toEqual(first);
    for (const name of ["timelimit", "stamps"]) expect(third?.headers[name]).not.toBe(second?.headers[name]);
    expect(third?.headers).not.toBe(second?.headers);
  });

  it("keeps a small task below 250 bytes", () => {
    expect(encodeFrame(celery).byteLength).toBeLessThan(250);
  });

  it("refuses hostile bytes with a typed error, or reads them as a message", () => {
    const mutated = fc.tuple(fc.nat(encodeFrame(celery).length - 1), fc.nat(255)).map(([at, byte]) => {
      const frame = encodeFrame(celery).slice();
      frame[at] = byte;
      return frame;
    });
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array(), mutated), (bytes) => {
        const outcome = ((): unknown => {
          try {
            return decodeFrame(bytes);
          } catch (error) {
            return error;
          }
        })();
        expect(hasCode(outcome, "FRAME_INVALID") || !(outcome instanceof Error)).toBe(true);
      }),
    );
  });

  it("does not let a header reach into the prototype", () => {
    const hostile = { ...celery, headers: JSON.parse('{"__proto__":{"polluted":true}}') as Message["headers"] };
    const decoded = decodeFrame(encodeFrame(hostile));
    expect(Object.keys(decoded.headers)).toEqual(["__proto__"]);
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });
});
