import { RedisConnection, redisTarget, serverTimeMs } from "@lovage/client-redis";
import { silentLog, systemClock } from "@lovage/foundation";
import { expect, onTestFinished, test, vi } from "vitest";

import type { Backend, Joins, ResultRecord } from "@lovage/backend";
import { redisBackend } from "@lovage/backend-redis";
import { describeOwnServer } from "../../services/describe-own-server.ts";
import { redisServer } from "./redis-server.ts";

const success = (taskId: string): string =>
  JSON.stringify({ status: "SUCCESS", result: 5, traceback: null, children: [], date_done: null, task_id: taskId });

describeOwnServer("redis", (start) => {
  const server = redisServer(start);

  async function open(query = ""): Promise<{ backend: Backend; beside: RedisConnection }> {
    const backend = await redisBackend({ url: `${server().url}${query}` });
    const target = redisTarget(server().url, {});
    const opening = { target, clock: systemClock, log: silentLog, name: "beside", onLost: () => {} };
    const beside = await RedisConnection.open(opening);
    onTestFinished(async () => {
      beside.close();
      await backend.close();
    });
    return { backend, beside };
  }

  test("a result stands where Celery's clients look, expires, and is announced to them", async () => {
    const { backend, beside } = await open();
    const heard: string[] = [];
    await beside.subscribe(["celery-task-meta-one"], (_, payload) => heard.push(payload.toString()));
    const put = {
      taskId: "one",
      state: "SUCCESS",
      document: success("one"),
      fence: [0, 1] as const,
      expiresInMs: 60_000,
    };
    expect(await backend.results?.put([put])).toEqual(["stored"]);
    expect(String(await beside.call("GET", ["celery-task-meta-one"]))).toBe(put.document);
    expect(await beside.call("PTTL", ["celery-task-meta-one"])).toBeGreaterThan(50_000);
    await vi.waitUntil(() => heard.length === 1);
    expect(heard).toEqual([put.document]);
  });

  test("a result that Celery wrote is read, watched, and stays", async () => {
    const { backend, beside } = await open();
    const told: ResultRecord[] = [];
    await backend.results?.watch(["two"], (record) => told.push(record));
    await beside.call("SETEX", ["celery-task-meta-two", 60, success("two").replaceAll(":", ": ")]);
    await beside.call("PUBLISH", ["celery-task-meta-two", success("two")]);
    await vi.waitUntil(() => told.length === 1);
    expect(told[0]).toMatchObject({ taskId: "two", state: "SUCCESS", fence: null });
    const late = { taskId: "two", state: "FAILURE", document: "{}", fence: [0, 1] as const, expiresInMs: 1_000 };
    expect(await backend.results?.put([late])).toEqual(["final"]);
  });

  test("a result that is no JSON has ended, so that nobody waits for it", async () => {
    const { backend, beside } = await open();
    await beside.call("SETEX", ["celery-task-meta-pickled", 60, Buffer.from([0x80, 4, 0x95, 0x28, 0])]);
    await beside.call("SETEX", ["celery-task-meta-turned", 60, '{"result": 5, "status": "STARTED"}']);
    expect(await backend.results?.get(["pickled", "turned"])).toMatchObject([
      { state: "FAILURE" },
      { state: "STARTED" },
    ]);
    const put = { taskId: "ours", state: "PROGRESS", document: "{}", fence: null, expiresInMs: 60_000 };
    await backend.results?.put([put]);
    expect(await backend.results?.get(["ours"])).toMatchObject([{ state: "PROGRESS" }]);
  });

  test("a watch goes on after the server was restarted, and misses nothing", async () => {
    const { backend } = await open();
    const other = await redisBackend({ url: server().url });
    onTestFinished(() => other.close());
    const told: ResultRecord[] = [];
    await backend.results?.watch(["three"], (record) => told.push(record));
    await server().kill();
    await server().start();
    const put = { taskId: "three", state: "SUCCESS", document: success("three"), fence: null, expiresInMs: 60_000 };
    await vi.waitUntil(async () => {
      try {
        return (await other.results?.put([put])) !== undefined;
      } catch {
        // The server is starting still.
        return false;
      }
    });
    await vi.waitUntil(() => told.some(({ state }) => state === "SUCCESS"), { timeout: 20_000 });
    expect(told.at(-1)?.document).toBe(put.document);
  });

  test("a member that arrived before its join was opened counts in it", async () => {
    const { backend } = await open();
    const { joins } = backend;
    const arrive = (memberId: string, index: number): ReturnType<Joins["arrive"]> | undefined =>
      joins?.arrive({ joinId: "early", memberId, index, payload: `[1,"${memberId}","SUCCESS",5]` });
    expect(await arrive("a", 0)).toMatchObject({ known: false });
    await joins?.open({ joinId: "early", size: 2, expiresInMs: 60_000 });
    expect(await arrive("a", 0)).toMatchObject({ known: true, arrived: 1, completes: false });
    expect(await arrive("b", 1)).toMatchObject({ known: true, arrived: 2, completes: true });
  });

  test.each(["a", 'a"\\ü'])("a member %s that came in both languages counts once", async (first) => {
    const { backend, beside } = await open();
    const { joins } = backend;
    const joinId = `both ${first}`;
    const arrive = (memberId: string, index: number): ReturnType<Joins["arrive"]> | undefined =>
      joins?.arrive({ joinId, memberId, index, payload: `[1,${JSON.stringify(memberId)},"SUCCESS",5]` });
    await joins?.open({ joinId, size: 3, expiresInMs: 60_000 });
    const byCelery = async (memberId: string, index: number): Promise<unknown> => {
      const entry = `[1, ${JSON.stringify(memberId).replace("ü", "\\u00fc")}, "SUCCESS", 5]`;
      return await beside.call("ZADD", [`celery-taskset-meta-${joinId}.j`, index, entry]);
    };
    await byCelery(first, 0);
    await arrive("b", 1);
    expect(await arrive(first, 0)).toMatchObject({ arrived: 2, completes: false });
    await byCelery("b", 1);
    expect(await arrive("b", 1)).toMatchObject({ arrived: 2, completes: false });
    expect(await arrive("c", 2)).toMatchObject({ arrived: 3, completes: true });
    expect(await joins?.members(joinId)).toHaveLength(3);
  });

  test("a turn under a limit is booked once though the replicas that are waited for are away", async () => {
    const { backend } = await open("?wait=1");
    const reserve = () => backend.coordination?.reserve({ name: "turns", tokens: 1, perMs: 60_000 });
    expect(await reserve()).toEqual({ inMs: 0 });
    expect((await reserve())?.inMs).toBeGreaterThan(50_000);
    expect((await reserve())?.inMs).toBeLessThan(130_000);
  });

  test("the fence of a hold that has expired goes with it, and nobody else's", async () => {
    const { backend, beside } = await open();
    const acquire = (holder: string, leaseMs: number) =>
      backend.coordination?.acquire({ name: "ends", holder, limit: 2, leaseMs });
    const lasting = await acquire("b", 60_000);
    for (let round = 0; round < 3; round += 1) {
      // The second name is that of a field of the first.
      for (const holder of [`gone${round}`, ":b"]) {
        expect(await acquire(holder, 1)).toMatchObject({ granted: true });
        await systemClock.sleep(5);
      }
    }
    expect(await acquire("b", 60_000)).toEqual(lasting);
    // The last fence, and that of the hold.
    expect(await beside.call("HLEN", ["lovage:hold:{ends}:f"])).toBe(2);
  });

  test("a revocation is read behind those that were read before its server lost them", async () => {
    const { backend, beside } = await open();
    const revoke = async (taskId: string): Promise<unknown> =>
      await backend.results?.put([{ taskId, state: "REVOKED", document: "{}", fence: null, expiresInMs: 60_000 }]);
    for (const taskId of ["lost 1", "lost 2"]) await revoke(taskId);
    const before = await backend.results?.revocations();
    expect(before?.taskIds).toEqual(["lost 1", "lost 2"]);
    await beside.call("FLUSHALL", []);
    const flushedAtMs = await serverTimeMs(beside);
    await vi.waitUntil(async () => (await serverTimeMs(beside)) > flushedAtMs + 1);
    await revoke("later");
    const { cursor = "" } = before ?? {};
    expect((await backend.results?.revocations({ after: cursor }))?.taskIds).toEqual(["later"]);
  });

  test("a server that is away is told as such", async () => {
    await expect(redisBackend({ url: "redis://127.0.0.1:1" })).rejects.toMatchObject({ code: "BACKEND_UNAVAILABLE" });
  });

  test.each(["prefx=a", "sentinelPassword=a"])("an option that the URL cannot have is refused: %s", async (query) => {
    await expect(redisBackend({ url: `${server().url}?${query}` })).rejects.toMatchObject({
      code: "CONFIGURATION_INVALID",
    });
  });
});
