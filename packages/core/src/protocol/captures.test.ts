import { describe, expect, test } from "vitest";

import { decodeTask } from "./decode-task.ts";
import { encodeTask } from "./encode-task.ts";
import { capture, captures } from "./test-support/captures.ts";

const ids = { one: "00000001-1111-4111-8111-111111111111", two: "00000002-1111-4111-8111-111111111111" };
const id = "11111111-1111-4111-8111-111111111111";

function decode(scenario: string) {
  return decodeTask(capture(scenario).message);
}

describe("messages captured from Celery", () => {
  test("a plain call", () => {
    expect(decode("basic")).toEqual({
      id,
      task: "tasks.add",
      args: [2, 3],
      kwargs: {},
      embed: {},
      retries: 0,
      rootId: id,
      origin: "gen31428@vm",
      replyTo: "7abffed4-e4ec-3505-9c6d-496aa630038b",
      priority: 0,
      headers: {},
    });
  });

  test("keyword arguments", () => {
    expect(decode("kwargs")).toMatchObject({ args: [1, "hé", null, 1.5, true], kwargs: { a: [1, { b: 2 }] } });
  });

  test.each([
    ["eta-naive", Date.UTC(2030, 0, 2, 3, 4, 5)],
    ["eta-aware-utc", Date.UTC(2030, 0, 2, 3, 4, 5)],
    ["eta-aware-offset", Date.UTC(2030, 0, 1, 21, 34, 5)],
  ])("an instant written as in %s", (scenario, expected) => {
    expect(Math.trunc((decode(scenario).etaMs ?? 0) / 1_000)).toBe(expected / 1_000);
  });

  test("an instant without an offset is local time of the zone that is asked for", () => {
    const call = decodeTask(capture("eta-naive").message, { timezone: "America/New_York" });
    expect(Math.trunc((call.etaMs ?? 0) / 1_000)).toBe(Date.UTC(2030, 0, 2, 8, 4, 5) / 1_000);
  });

  test("a countdown comes as an instant, an expiry as one as well", () => {
    expect(decode("countdown").etaMs).toBeTypeOf("number");
    expect(new Date(decode("expires-seconds").expiresAtMs ?? 0).toISOString()).toBe("2026-11-20T23:16:12.151Z");
    expect(decode("expires-datetime").expiresAtMs).toBeTypeOf("number");
  });

  test("priorities", () => {
    const calls = captures("priorities-0-to-9").map(({ message }) => decodeTask(message));
    expect(new Map(calls.map(({ args, priority }) => [args[0], priority]))).toEqual(
      new Map(Array.from({ length: 10 }, (_, priority) => [priority, priority])),
    );
  });

  test("links", () => {
    const signature = { kwargs: {}, subtask_type: null, immutable: false };
    expect(decode("link-and-link-error").embed).toEqual({
      callbacks: [{ ...signature, task: "tasks.mul", args: [10], options: { task_id: ids.two } }],
      errbacks: [{ ...signature, task: "tasks.on_err", args: [], options: { task_id: ids.two.replace("2", "3") } }],
    });
  });

  test("a chain carries its later steps in reverse", () => {
    const { embed, args } = decode("chain-of-3");
    expect(args).toEqual([2, 3]);
    expect(embed.chain?.map(({ task, immutable }) => [task, immutable])).toEqual([
      ["tasks.add", true],
      ["tasks.mul", false],
    ]);
  });

  test("a group and a chord name their members' places", () => {
    const group = captures("group-of-2").map(({ message }) => decodeTask(message));
    expect(group.map(({ groupIndex }) => groupIndex)).toEqual([0, 1]);
    expect(new Set(group.map(({ groupId }) => groupId)).size).toBe(1);
    const chord = captures("chord").map(({ message }) => decodeTask(message));
    expect(chord.map(({ embed }) => embed.chord?.task)).toEqual(["tasks.xsum", "tasks.xsum"]);
    expect(chord[0]?.embed.chord?.options["group_id"]).toBe(chord[0]?.groupId);
  });

  test("headers of the user's own, and a name to show", () => {
    expect(decode("custom-headers-shadow")).toMatchObject({
      headers: { "x-tenant": "acme", n: 1 },
      shadow: "pretty.name",
    });
  });

  test("what a call says of its result and its limits", () => {
    expect(decode("ignore-result").ignoreResult).toBe(true);
    expect(decode("time-limits")).toMatchObject({ timeLimitMs: 30_000, softTimeLimitMs: 20_000 });
    expect(decode("stamped").stamps).toEqual({ tenant: "acme", trace: ["a", "b"] });
  });

  test.each(["compression-gzip", "compression-brotli", "compression-bzip2"])("%s", (scenario) => {
    expect(decode(scenario)).toMatchObject({ args: [2, 3], headers: {} });
  });

  test("values that JSON has no form for", () => {
    expect(decode("json-python-types").args).toEqual([
      new Date("2020-01-02T03:04:05.678Z"),
      new Date("2020-01-02T03:04:05.000Z"),
      "2020-01-02",
      "03:04:05",
      "1.50",
      id,
      [1, 2],
    ]);
    expect(decode("json-bytes").args).toStrictEqual([Buffer.from([97, 98, 99]), Buffer.from([255, 254])]);
    // Celery 5.2 writes them as text.
    expect(decode("json-python-types-5.2").args[0]).toBe("2020-01-02T03:04:05.678901");
  });

  test("MessagePack, where it is accepted", () => {
    const { message } = capture("serializer-msgpack");
    expect(decodeTask(message, { acceptContent: ["json", "msgpack"] })).toMatchObject({ args: [2, 3], embed: {} });
  });

  test("protocol 1", () => {
    expect(decode("protocol-1")).toMatchObject({
      id,
      task: "tasks.add",
      args: [2, 3],
      kwargs: {},
      embed: {},
      retries: 0,
    });
    expect(decode("protocol-1").etaMs).toBe(Date.UTC(2026, 10, 20, 23, 15, 17, 302));
  });

  test("a retry", () => {
    expect(decode("retry-message-on-the-wire")).toMatchObject({
      retries: 1,
      parentId: ids.two,
      headers: { "x-h": "v" },
    });
  });

  test.each([
    ["serializer-pickle", "content-type"],
    ["serializer-yaml", "content-type"],
    ["serializer-msgpack", "content-type"],
  ])("%s is refused by default", (scenario, fault) => {
    expect(() => decode(scenario)).toThrow(expect.objectContaining({ code: "PAYLOAD_DECODE", fault }));
  });
});

describe("our messages for Celery", () => {
  const scenarios = [
    "basic",
    "kwargs",
    "countdown",
    "expires-seconds",
    "link-and-link-error",
    "chain-of-3",
    "group-of-2",
    "chord",
    "chain-then-group-then-task",
    "custom-headers-shadow",
    "ignore-result",
    "time-limits",
    "json-bytes",
    "stamped",
    "retry-message-on-the-wire",
  ];

  test.each(scenarios)("have the shape that Celery's have: %s", (scenario) => {
    for (const { message, body } of captures(scenario)) {
      const ours = encodeTask(decodeTask(message), { dialect: "celery" });
      expect(Object.keys(ours.headers)).toEqual(Object.keys(message.headers));
      expect(ours.headers).toEqual({ ...message.headers, ...differing(ours.headers) });
      expect(JSON.parse(Buffer.from(ours.body).toString())).toEqual(body);
      expect(ours.properties).toMatchObject({
        contentType: "application/json",
        contentEncoding: "utf-8",
        correlationId: message.properties.correlationId,
        replyTo: message.properties.replyTo,
        priority: message.properties.priority,
      });
    }
  });
});

const isTime: unknown = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}000\+00:00$/);

/** What may differ: our language, times cut to the millisecond, the order of stamps, and how values look. */
function differing(headers: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return {
    lang: "js",
    argsrepr: aTuple,
    kwargsrepr: aDictionary,
    eta: headers["eta"] && isTime,
    expires: headers["expires"] && isTime,
    stamped_headers: headers["stamped_headers"] && anArray,
  };
}

const aTuple: unknown = expect.stringMatching(/^\(.*\)$/s);
const aDictionary: unknown = expect.stringMatching(/^\{.*\}$/s);
const anArray: unknown = expect.any(Array);
