import type { Message } from "@lovage/transport";
import { describe, expect, test } from "vitest";

import { decodeTask } from "../protocol/decode-task.ts";
import { encodeTask } from "../protocol/encode-task.ts";
import { aCall } from "../protocol/test-support/calls.ts";
import { capture, captures } from "../protocol/test-support/captures.ts";
import type { WireSignature } from "../protocol/task-call.ts";
import { chain } from "./chain.ts";
import { chordArrival } from "./chord-arrival.ts";
import { chordBody } from "./chord-body.ts";
import { chord } from "./chord.ts";
import { expandFollowUps } from "./expand-follow-ups.ts";
import { group } from "./group.ts";
import type { Canvas } from "./signature.ts";
import { Simulation } from "./test-support/simulation.ts";

const link = chain as unknown as (...steps: readonly Canvas[]) => ReturnType<Simulation["s"]>;
const fork = (members: readonly Canvas[]) => group(members as []);

function taskId(number: number): string {
  return `0000000${number}-1111-4111-8111-111111111111`;
}

function signature(task: string, changes: Partial<WireSignature> = {}): WireSignature {
  return { task, args: [], kwargs: {}, options: {}, subtask_type: null, immutable: false, ...changes };
}

/** What a composite is made of. */
function shape({ task, kwargs, subtask_type: type }: WireSignature): unknown {
  return { task, type, keys: Object.keys(kwargs).toSorted() };
}

const unnamed: ReadonlySet<string> = new Set(["reply_to", "queue"]);

/** Bodies of what Celery sends and of what we send, without what only names queues and reply queues. */
function bodiesOf(messages: readonly Message[]): unknown {
  const texts = messages.map(({ body }) => Buffer.from(body).toString());
  return texts.map(
    (text) => JSON.parse(text, (key, value: unknown) => (unnamed.has(key) ? undefined : value)) as unknown,
  );
}

describe("workflows on the wire are those that Celery sends", () => {
  test.each([
    [
      "chain-of-3",
      (s: Simulation): Canvas => link(s.s("tasks.add", 2, 3), s.s("tasks.mul", 10), s.si("tasks.add", 1, 1)),
    ],
    ["group-of-2", (s: Simulation): Canvas => fork([s.s("tasks.add", 1, 1), s.s("tasks.add", 2, 2)])],
    [
      "chord",
      (s: Simulation): Canvas =>
        chord(fork([s.s("tasks.add", 1, 1), s.s("tasks.add", 2, 2)]), s.s("tasks.xsum") as never),
    ],
  ])("%s", async (scenario, build) => {
    const simulation = new Simulation({});
    await (build(simulation) as ReturnType<Simulation["s"]>).delay();
    const ours = simulation.sent.map(({ call }) => encodeTask(call, { dialect: "celery" }));
    const theirs = captures(scenario).map(({ message }) => message);
    // The ids are others, but stand in the same places.
    expect(named(bodiesOf(ours), ours)).toEqual(named(bodiesOf(theirs), theirs));
  });

  test("links", async () => {
    const simulation = new Simulation({});
    const add = simulation.s("tasks.add", 2, 3).set({ taskId: taskId(1) });
    const mul = simulation.s("tasks.mul", 10).set({ taskId: taskId(2) });
    const onError = simulation.s("tasks.on_err").set({ taskId: taskId(3) });
    await add
      .link(mul as never)
      .onError(onError as never)
      .delay();
    const [sent] = simulation.sent;
    const ours = encodeTask(sent!.call, { dialect: "celery" });
    expect(bodiesOf([ours])).toEqual(bodiesOf([capture("link-and-link-error").message]));
  });

  test("a group in the middle of a chain is a chord with the rest as its body", async () => {
    const simulation = new Simulation({});
    const steps = link(
      simulation.s("tasks.add", 1, 1),
      fork([simulation.s("tasks.add", 1), simulation.s("tasks.add", 2)]),
      simulation.s("tasks.xsum"),
    );
    await steps.delay();
    const [ours] = simulation.sent[0]!.call.embed.chain!;
    const [theirs] = decodeTask(capture("chain-then-group-then-task").message).embed.chain!;
    expect(shape(ours!)).toEqual(shape(theirs!));
    expect(shape(ours!.kwargs["header"] as WireSignature)).toEqual(shape(theirs!.kwargs["header"] as WireSignature));
    expect(ours!.kwargs["body"]).toMatchObject({ task: "tasks.xsum", options: { queue: "default" } });
  });

  test("a chord whose body is a chain names the id of the last step, which waits for all", async () => {
    const simulation = new Simulation({});
    const result = await link(fork([simulation.s("a")]), simulation.s("b"), simulation.s("c")).delay();
    const { chord: body } = simulation.sent[0]!.call.embed;
    expect(body).toMatchObject({ task: "celery.chain", subtask_type: "chain", options: { task_id: result.id } });
  });
});

/** The text with ids replaced by the order in which they come. */
function named(bodies: unknown, messages: readonly Message[]): unknown {
  const known = new Map<string, string>();
  const rename = (id: string): string => {
    if (!known.has(id)) known.set(id, `id ${known.size}`);
    return known.get(id) as string;
  };
  const names = ["task", "id", "group", "group_index", "root_id", "parent_id"];
  const headers = messages.map((message) => names.map((name) => message.headers[name]));
  const text = JSON.stringify([headers, bodies]);
  return JSON.parse(text.replaceAll(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, rename));
}

describe("what Celery sends is carried on", () => {
  test("a chain: the next step has its own id, this task as parent, and the rest with it", () => {
    const call = decodeTask(capture("chain-of-3").message);
    const { sends, children } = expandFollowUps(call, { state: "SUCCESS", value: 5 }, { nowMs: 0 });
    expect(sends).toHaveLength(1);
    const [{ call: next }] = sends as [(typeof sends)[number]];
    expect(next).toMatchObject({
      id: taskId(2),
      task: "tasks.mul",
      args: [5, 10],
      parentId: call.id,
      rootId: call.id,
      replyTo: call.replyTo,
    });
    expect(next.embed.chain?.map(({ task }) => task)).toEqual(["tasks.add"]);
    expect(children).toEqual([{ id: taskId(2) }]);
    const after = expandFollowUps(next, { state: "SUCCESS", value: 50 }, { nowMs: 0 });
    expect(after.sends[0]?.call).toMatchObject({
      id: taskId(3),
      args: [1, 1],
      parentId: next.id,
      rootId: call.id,
      embed: {},
    });
  });

  test("a chord in a chain: its members share the group, its join is opened for all of them", () => {
    const call = decodeTask(capture("chain-then-group-then-task").message);
    const { sends, joins, children } = expandFollowUps(call, { state: "SUCCESS", value: 2 }, { nowMs: 0 });
    const [groupId] = sends.map((send) => send.call.groupId);
    expect(joins).toEqual([{ joinId: groupId, size: 2 }]);
    expect(sends.map((send) => [send.call.id, send.call.args, send.call.groupIndex, send.call.groupId])).toEqual([
      [taskId(2), [2, 1], 0, groupId],
      [taskId(3), [2, 2], 1, groupId],
    ]);
    // The body names the header's group, as in the messages that Celery's own worker sends.
    expect(sends[0]?.call.embed.chord?.options).toMatchObject({ task_id: taskId(4), group_id: groupId });
    expect(children).toEqual([{ id: groupId, members: [{ id: taskId(2) }, { id: taskId(3) }] }]);
  });

  test("a chord's members arrive with what Celery's workers write, and its body gets their results", () => {
    const calls = captures("chord").map(({ message }) => decodeTask(message));
    const arrivals = calls.map((call, index) => chordArrival(call, { state: "SUCCESS", value: index * 10 })!);
    expect(arrivals.map(({ arrival }) => JSON.parse(arrival.payload) as unknown)).toEqual([
      [1, taskId(1), "SUCCESS", 0],
      [1, taskId(2), "SUCCESS", 10],
    ]);
    const members = arrivals.map(({ arrival }) => arrival);
    const { sends } = chordBody(members, { body: arrivals[0]!.body, completing: calls[1]! }, { nowMs: 0 });
    expect(sends[0]?.call).toMatchObject({
      id: taskId(3),
      task: "tasks.xsum",
      args: [[0, 10]],
      parentId: taskId(2),
      embed: {},
    });
  });

  test("a failed member's error is told in Celery's words", () => {
    const calls = captures("chord").map(({ message }) => decodeTask(message));
    const payload = `[1, "${taskId(2)}", "FAILURE", {"exc_type": "ValueError", "exc_message": ["boom", 42], "exc_module": "builtins"}]`;
    const { lost, sends } = chordBody(
      [{ payload }],
      { body: calls[0]!.embed.chord!, completing: calls[1]! },
      { nowMs: 0 },
    );
    expect(sends).toEqual([]);
    expect(lost).toMatchObject([
      {
        taskId: taskId(3),
        state: "FAILURE",
        exception: {
          type: "ChordError",
          module: "celery.exceptions",
          message: `Dependency ${taskId(2)} raised ValueError('boom', 42)`,
        },
      },
    ]);
  });

  test("a revoked step ends the steps after it as revoked, and calls no errbacks", () => {
    const exception = {
      type: "TaskRevokedError",
      message: "revoked",
      args: ["revoked"],
      module: undefined,
      traceback: undefined,
    };
    const embed = { chain: [signature("b", { options: { task_id: "b" } })], errbacks: [signature("e")] };
    const { lost, sends } = expandFollowUps(aCall({ embed }), { state: "REVOKED", exception }, { nowMs: 0 });
    expect(lost).toEqual([{ taskId: "b", state: "REVOKED", exception }]);
    expect(sends).toEqual([]);
  });

  test("stamps and the reply queue are inherited; options of a step are its own", () => {
    const options = {
      queue: "py",
      countdown: 1.5,
      expires: 60,
      priority: 3,
      time_limit: 30,
      soft_time_limit: 0,
      ignore_result: true,
      headers: { h: 1 },
      shadow: "s",
      exchange: "x",
      tenant: "b",
      stamped_headers: ["tenant"],
    };
    const embed = { callbacks: [signature("cb", { options })] };
    const { sends } = expandFollowUps(
      aCall({ embed, stamps: { tenant: "a", trace: [1] }, replyTo: "r" }),
      { state: "SUCCESS", value: 1 },
      { nowMs: 1_000 },
    );
    expect(sends[0]?.send).toEqual({ queue: "py", countdownMs: 1_500 });
    expect(sends[0]?.call).toMatchObject({
      replyTo: "r",
      stamps: { tenant: "b", trace: [1] },
      expiresAtMs: 61_000,
      priority: 3,
      timeLimitMs: 30_000,
      ignoreResult: true,
      headers: { h: 1 },
      shadow: "s",
    });
    expect(sends[0]?.call.softTimeLimitMs).toBeUndefined();
  });

  test("a datetime among a step's options, which Celery's JSON tags within a body, is the instant, the header or the stamp that it was", () => {
    const time = "2030-01-02T03:04:05+00:00";
    const at = { __type__: "datetime", __value__: time };
    const options = {
      task_id: taskId(2),
      eta: at,
      expires: at,
      headers: { trace: { at: [at], id: { __type__: "uuid", __value__: { hex: "0".repeat(32) } } } },
      stamped_headers: ["since"],
      since: [at],
    };
    const embed = { callbacks: null, errbacks: null, chain: [signature("b", { options })], chord: null };
    const properties = { messageId: "a", contentType: "application/json", contentEncoding: "utf-8" };
    const body = Buffer.from(JSON.stringify([[1], {}, embed]));
    const call = decodeTask({ headers: { task: "a", id: taskId(1), lang: "py" }, properties, body });
    const [sent] = expandFollowUps(call, { state: "SUCCESS", value: 2 }, { nowMs: 0 }).sends;
    const atMs = Date.parse("2030-01-02T03:04:05Z");
    expect(sent).toMatchObject({
      send: { etaMs: atMs },
      call: {
        expiresAtMs: atMs,
        headers: { trace: { at: [time], id: `00000000-${"0000-".repeat(3)}${"0".repeat(12)}` } },
        stamps: { since: [time] },
      },
    });
    expect(() => encodeTask(sent!.call, { dialect: "celery" })).not.toThrow();
  });

  test("a countdown below zero, as Python computes one from an instant that has passed, means at once", () => {
    const embed = { callbacks: [signature("cb", { options: { countdown: -0.2 } })] };
    const { sends } = expandFollowUps(aCall({ embed }), { state: "SUCCESS", value: 1 }, { nowMs: 0 });
    expect(sends.map(({ send }) => send)).toEqual([{}]);
  });

  test("what brings no id gets the same one each time, and another one at each place", () => {
    const body = signature("body");
    const header = signature("celery.group", { kwargs: { tasks: [signature("a"), signature("b")] } });
    const whole = signature("celery.chord", { kwargs: { header, body } });
    const embed = { callbacks: [signature("cb"), signature("cb")], chain: [signature("z"), whole] };
    const expand = (call: object) =>
      expandFollowUps(aCall({ embed, ...call }), { state: "SUCCESS", value: 1 }, { nowMs: 0 });
    const [first, again, other] = [expand({}), expand({}), expand({ id: "another" })];
    expect(again).toEqual(first);
    const ids = [first, other].flatMap(({ sends }) => sends.map(({ call }) => call.id));
    expect(new Set(ids).size).toBe(8);
    for (const id of ids) expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    const chordBodies = first.sends.at(-1)?.call.embed.chord?.kwargs["tasks"] as WireSignature[];
    expect(chordBodies[0]?.options["task_id"]).toBeTypeOf("string");
  });

  test.each([
    ["a chord without a body", signature("celery.chord", { kwargs: { header: [] } })],
    ["tasks that are none", signature("celery.chain", { kwargs: { tasks: [5] } })],
    ["options of the wrong type", signature("t", { options: { countdown: "soon" } })],
  ])("%s gives a typed error", (_what, next) => {
    const expand = () =>
      expandFollowUps(aCall({ embed: { chain: [next] } }), { state: "SUCCESS", value: 1 }, { nowMs: 0 });
    expect(expand).toThrow(expect.objectContaining({ code: "PAYLOAD_DECODE" }));
  });
});
