import type { Backend } from "@lovage/backend";
import { rpcBackend } from "@lovage/backend-amqp";
import { chain, chord, createApp, group } from "lovage";
import type { App } from "lovage";
import { describe, expect, onTestFinished, test } from "vitest";
import { bothWays } from "../network/fault.ts";
import { FaultProxy } from "../network/fault-proxy.ts";
import { eventually } from "../processes/eventually.ts";
import { describeVhost } from "../services/rabbitmq/describe-vhost.ts";
import { queueCounts } from "./queue-counts.ts";
import { come, openRpc, passing, resultFor, tryPut } from "./rpc-results.ts";

const soon = { timeout: "30s" } as const;

/** What a caller says of results. */
async function statesOf({ results }: Backend, taskIds: readonly string[]): Promise<readonly unknown[]> {
  return ((await results?.get(taskIds)) ?? []).map((record) => record?.state);
}

/** An app that works, and one that calls, which are closed after the test. */
function openApps(broker: string): { readonly worker: App; readonly caller: App } {
  const openApp = (): App => {
    const app = createApp({ name: "shop", broker, backend: "rpc://", logLevel: "error" });
    app.task("add", (x: number, y: number) => x + y);
    app.task("fail", { maxRetries: 0 }, () => {
      throw new RangeError("no");
    });
    onTestFinished(async () => await app.close());
    return app;
  };
  return { worker: openApp(), caller: openApp() };
}

describeVhost((server) => {
  async function replyQueues(): Promise<readonly string[]> {
    const counts = await queueCounts(server, server.vhost, "messages");
    return [...counts.keys()].filter((name) => name.startsWith("lovage.reply."));
  }

  describe("results over rpc", () => {
    test("that are stored while the caller is cut off come to it once it is back", async () => {
      const { hostname, port } = new URL(server.url);
      const proxy = await FaultProxy.open({ host: hostname, port: Number(port) });
      onTestFinished(async () => await proxy[Symbol.asyncDispose]());
      const [caller, worker] = [await openRpc(proxy.urlOf(server.url)), await openRpc(server.url)];
      const replyTo = String(caller.results?.replyTo);
      proxy.set(bothWays({ isBlackHole: true }));
      proxy.cut();
      await worker.results?.put([resultFor(replyTo, "a"), resultFor(replyTo, "b")]);
      proxy.heal();
      await come(caller, ["a", "b"]);
      expect(await statesOf(caller, ["a", "b"])).toEqual(["SUCCESS", "SUCCESS"]);
    });

    test("go on when an operator deletes the queue of a caller", async () => {
      const [caller, worker] = [await openRpc(server.url), await openRpc(server.url)];
      const replyTo = String(caller.results?.replyTo);
      await server.execute("rabbitmqctl", ["delete_queue", "--vhost", server.vhost, replyTo]);
      const refusals: unknown[] = [];
      const hasCome = async (): Promise<boolean> => {
        await tryPut(worker, [resultFor(replyTo, "a")], refusals);
        return (await caller.results?.get(["a"]))?.[0] !== undefined;
      };
      await eventually(hasCome, { what: "a result over the new queue", withinMs: 30_000 });
      expect(await replyQueues()).toContain(replyTo);
      expect(refusals).toMatchObject(refusals.map(() => passing));
    });

    test("for hundreds of callers that are gone are dealt with, however far the server is", async () => {
      const { hostname, port } = new URL(server.url);
      const proxy = await FaultProxy.open({ host: hostname, port: Number(port) });
      onTestFinished(async () => await proxy[Symbol.asyncDispose]());
      const worker = await openRpc(proxy.urlOf(server.url));
      proxy.set(bothWays({ latencyMs: 10 }));
      const puts = Array.from({ length: 500 }, (_, index) => resultFor(`lovage.reply.gone-${index}`, `t${index}`));
      const refusals: unknown[] = [];
      // Refused where not all were judged within 10 s.
      const store = async (): Promise<boolean> => await tryPut(worker, puts, refusals);
      await eventually(store, { what: "an end of the results", withinMs: 60_000 });
      expect(refusals).toMatchObject(refusals.map(() => passing));
    });

    test("leave no queue behind a caller that has closed, and for a while only behind one that was cut off", async () => {
      const before = await replyQueues();
      const { hostname, port } = new URL(server.url);
      const proxy = await FaultProxy.open({ host: hostname, port: Number(port) });
      onTestFinished(async () => await proxy[Symbol.asyncDispose]());
      const tidy = await rpcBackend({ url: server.url });
      const lost = await openRpc(proxy.urlOf(server.url), { replyQueueExpires: "2s" });
      expect(await replyQueues()).toHaveLength(before.length + 2);
      await tidy.close();
      expect(await replyQueues()).not.toContain(tidy.results?.replyTo);
      proxy.set(bothWays({ isBlackHole: true }));
      proxy.cut();
      const isGone = async (): Promise<boolean> => !(await replyQueues()).includes(String(lost.results?.replyTo));
      await eventually(isGone, { what: "the queue to expire", withinMs: 30_000, everyMs: 1_000 });
      expect(await replyQueues()).toHaveLength(before.length);
    });

    test("that are too large are refused before they are sent", async () => {
      const caller = await openRpc(server.url, { maxDocumentBytes: 1_000 });
      const tooLarge = { ...resultFor("elsewhere", "a"), document: "x".repeat(1_001) };
      await expect(caller.results?.put([tooLarge])).rejects.toMatchObject({ code: "DOCUMENT_TOO_LARGE" });
    });
  });

  describe("an app over rpc://", () => {
    test("gets its own results, of calls and of workflows whose steps other processes send", async () => {
      const { worker, caller } = openApps(server.url);
      await worker.worker({ concurrency: 4 }).start();
      const add = caller.remote<(x: number, y: number) => number>("add");
      const fail = caller.remote<() => number>("fail");
      const calls = await add.applyMany(Array.from({ length: 200 }, (_, index) => [index, 1]));
      expect(await Promise.all(calls.map((call) => call.get(soon)))).toEqual(calls.map((_, index) => index + 1));
      expect(await (await chain(add.s(1, 2), add.s(10), add.s(100)).delay()).get(soon)).toBe(113);
      expect(await (await group([add.s(1, 1), add.s(2, 2)]).delay()).get(soon)).toEqual([2, 4]);
      const broken = await chain(fail.s(), add.s(1)).delay();
      await expect(broken.get(soon)).rejects.toMatchObject({ name: "RangeError" });
    });

    test("reads no result of another process's call, and says so", async () => {
      const { worker, caller } = openApps(server.url);
      await worker.worker().start();
      const call = await caller.remote<(x: number, y: number) => number>("add").delay(1, 2);
      expect(await call.get(soon)).toBe(3);
      const elsewhere = worker.result(call.id).get({ timeout: 200 });
      await expect(elsewhere).rejects.toMatchObject({
        code: "RESULT_TIMEOUT",
        message: expect.stringContaining("another process sent it") as string,
      });
    });

    test("refuses a chord, naming backends that can", async () => {
      const { caller } = openApps(server.url);
      const add = caller.remote<(x: number, y: number) => number>("add");
      const total = caller.remote<(numbers: number[]) => number>("total");
      await expect(chord(group([add.s(1, 1)]), total.s()).delay()).rejects.toMatchObject({
        code: "FEATURE_UNSUPPORTED",
        message: expect.stringContaining("redis:") as string,
      });
    });

    test("cancels a call that waits, and its own wait ends at once", async () => {
      const { worker, caller } = openApps(server.url);
      await worker.worker().start();
      const call = await caller.remote<() => number>("fail").applyAsync([], { countdown: "1s" });
      expect(await call.cancel()).toBe(true);
      await expect(call.get(soon)).rejects.toMatchObject({ code: "TASK_REVOKED" });
    });
  });
});
