import { expect, test } from "vitest";

import { aCall } from "../protocol/test-support/calls.ts";
import type { WireSignature } from "../protocol/task-call.ts";
import { expandFollowUps } from "./expand-follow-ups.ts";

function signature(task: string, changes: Partial<WireSignature> = {}): WireSignature {
  return { task, args: [], kwargs: {}, options: {}, subtask_type: null, immutable: false, ...changes };
}

const given = { queue: "python", countdown: 5, priority: 3, expires: 60, headers: { tenant: 7 } };
const sentAs = {
  send: { queue: "python", countdownMs: 5_000 },
  call: { priority: 3, expiresAtMs: 60_000, headers: { tenant: 7 } },
};
const sendsAfter = (next: WireSignature) =>
  expandFollowUps(aCall({ embed: { chain: [next] } }), { state: "SUCCESS", value: 1 }, { nowMs: 0 });
const pair = (options: WireSignature["options"]): WireSignature =>
  signature("celery.group", {
    kwargs: { tasks: [signature("a", { options: { queue: "own" } }), signature("b")] },
    options,
  });

test("options of a group are those of every member, above its own", () => {
  const place = { task_id: "g", stamped_headers: ["tenant"], tenant: "x", reply_to: "r", root_id: "z" };
  const { sends } = sendsAfter(pair({ ...given, ...place }));
  expect(sends).toMatchObject([sentAs, sentAs]);
  expect(sends.map(({ call }) => [call.groupId, call.stamps, call.replyTo])).toEqual(
    Array.from({ length: 2 }, () => ["g", undefined, undefined]),
  );
  expect(new Set(sends.map(({ call }) => call.id)).size).toBe(2);
});

test("options of a group that is in the midst of a chain are not those of what follows it", () => {
  const embed = { chain: [signature("z"), pair(given)] };
  const { sends } = expandFollowUps(aCall({ embed }), { state: "SUCCESS", value: 1 }, { nowMs: 0 });
  expect(sends).toMatchObject([sentAs, sentAs]);
  expect(sends[0]?.call.embed.chord?.options).not.toHaveProperty("queue");
});

test("options of a chord are those of its header and its body; those of its header's group are the header's alone", () => {
  const body = signature("body", { options: { queue: "own" } });
  const header = pair({ shadow: "s", queue: "header" });
  const { sends } = sendsAfter(signature("celery.chord", { kwargs: { header, body }, options: given }));
  const shown = { ...sentAs, call: { ...sentAs.call, shadow: "s" } };
  expect(sends).toMatchObject([shown, shown]);
  const { chord: sentBody } = sends[0]!.call.embed;
  expect(sentBody?.options).toMatchObject(given);
  expect(sentBody?.options).not.toHaveProperty("shadow");
});

test("options of a chain are those of its first step", () => {
  const steps = [signature("a", { options: { queue: "own" } }), signature("b")];
  const { sends } = sendsAfter(signature("celery.chain", { kwargs: { tasks: steps }, options: given }));
  expect(sends).toMatchObject([sentAs]);
  expect(sends[0]?.call.embed.chain?.map(({ options }) => options)).toEqual([{}]);
});

test("options of a group reach what its members are made of", () => {
  const inner = signature("celery.chain", { kwargs: { tasks: [pair({}), signature("c")] } });
  const { sends } = sendsAfter(
    signature("celery.group", { kwargs: { tasks: [inner, signature("d")] }, options: given }),
  );
  expect(sends).toMatchObject([sentAs, sentAs, sentAs]);
});
