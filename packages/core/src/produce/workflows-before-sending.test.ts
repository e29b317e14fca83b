import type { Backend } from "@lovage/backend";
import { BackendUnavailableError } from "@lovage/backend";
import { virtualClock } from "@lovage/foundation";
import { describe, expect, test, vi } from "vitest";
import { createApp } from "../app/create-app.ts";
import { runtimeOf } from "../app/runtime-of.ts";
import { chain } from "../canvas/chain.ts";
import { chord } from "../canvas/chord.ts";
import { group } from "../canvas/group.ts";
import { fakeConnection } from "../test-support/fake-connection.ts";
import { memoryBackend } from "../test-support/memory-results.ts";
import { recordedLog } from "../test-support/recorded-log.ts";

const setUp = (backend?: Backend) => {
  const connection = fakeConnection();
  const app = createApp({ broker: connection, log: recordedLog(), clock: virtualClock(), ...(backend && { backend }) });
  const add = app.task("add", (x: number, y: number) => x + y);
  const total = app.task("total", (numbers: number[]) => numbers.length);
  const there = app.remote<(x: number) => number>("there");
  return { app, add, total, there, sent: connection.published };
};

type Tasks = ReturnType<typeof setUp>;

const named = ({ add }: Tasks) => add.si(1, 2).set({ taskId: "m" });

describe("a taskId that two tasks of one workflow have is refused, and nothing is sent", () => {
  test.each<[string, (tasks: Tasks) => { delay(): Promise<unknown> }]>([
    ["chord", (tasks) => chord(group([named(tasks), named(tasks)]), tasks.total.s())],
    ["chain", (tasks) => chain(named(tasks), tasks.add.s(1).set({ taskId: "m" }))],
    ["group", (tasks) => group([named(tasks), named(tasks)])],
    ["link", (tasks) => named(tasks).link(named(tasks))],
    ["errback", (tasks) => named(tasks).onError(named(tasks))],
    ["deep", (tasks) => chain(named(tasks), group([chain(tasks.add.s(1), tasks.add.s(1).link(named(tasks)))]))],
  ])("%s", async (_, workflow) => {
    const tasks = setUp(await memoryBackend(virtualClock()));
    await expect(workflow(tasks).delay()).rejects.toMatchObject({ code: "OPTION_INVALID", field: "taskId" });
    expect(tasks.sent).toEqual([]);
  });

  test("a link of a call", async () => {
    const tasks = setUp();
    const sending = tasks.add.applyAsync([1, 2], { taskId: "m", link: named(tasks) as never });
    await expect(sending).rejects.toMatchObject({ code: "OPTION_INVALID", field: "taskId" });
    expect(tasks.sent).toEqual([]);
  });

  test("but one errback of a whole chain may have one", async () => {
    const tasks = setUp();
    await chain(tasks.add.s(1, 2), tasks.add.s(3)).onError(named(tasks)).delay();
    expect(tasks.sent).toHaveLength(1);
  });
});

const joined = ({ add, total }: Tasks) => chain(group([add.si(1, 2), add.si(3, 4)]), total.s());

describe("a chord that comes later, without a backend", () => {
  test.each<[string, (tasks: Tasks) => Promise<unknown>]>([
    ["behind a first step", (tasks) => chain(tasks.add.s(1, 1), group([tasks.add.s(1)]), tasks.total.s()).delay()],
    ["as a link", (tasks) => tasks.add.s(1, 1).link(joined(tasks)).delay()],
    ["as an errback", (tasks) => tasks.add.s(1, 1).onError(joined(tasks)).delay()],
    ["as a link of a call", (tasks) => tasks.add.applyAsync([1, 1], { link: joined(tasks) as never })],
  ])("is refused before anything is sent: %s", async (_, send) => {
    const tasks = setUp();
    await expect(send(tasks)).rejects.toMatchObject({ code: "FEATURE_UNSUPPORTED" });
    expect(tasks.sent).toEqual([]);
  });

  test("is sent where others run its tasks, who may have one", async () => {
    const tasks = setUp();
    await chain(tasks.add.s(1, 1), group([tasks.there.s()]), tasks.total.s()).delay();
    expect(tasks.sent).toHaveLength(1);
  });

  test("is sent while the backend is away", async () => {
    const tasks = setUp(await memoryBackend(virtualClock()));
    vi.spyOn(runtimeOf(tasks.app), "backend").mockRejectedValue(new BackendUnavailableError("away"));
    await chain(tasks.add.s(1, 1), group([tasks.add.s(1)]), tasks.total.s()).delay();
    expect(tasks.sent).toHaveLength(1);
  });
});
