import { expect, test } from "vitest";
import { eventually } from "../processes/eventually.ts";
import { describeInterop } from "./scene/describe-interop.ts";

const soon = { timeout: "60s" } as const;

describeInterop(
  "a call to the other language",
  { begin: (scene) => Promise.all([scene.startPythonWorker(), scene.startLovageWorker(), scene.python]) },
  (scene) => {
    test("a stock producer and a stock worker meet at the broker of the test, and Lovage reads the result", async () => {
      const python = await scene().python;
      const id = await python.send("py.add", { args: [2, 3] });
      const readings = await scene().readings(id, "python");
      expect(readings).toMatchObject(readings.map(() => ({ state: "SUCCESS", value: 5 })));
    });

    test("from Lovage runs on a stock Python worker, and its result is read on both sides", async () => {
      const add = scene().client.remote<(x: number, y: number) => number>("py.add");
      const result = await add.delay(2, 3);
      expect(await result.get(soon)).toBe(5);
      const readings = await scene().readings(result.id, "lovage");
      expect(readings).toMatchObject(readings.map(() => ({ state: "SUCCESS", value: 5 })));
    });

    test("from a stock Python producer runs on a Lovage worker, with no setting on either side", async () => {
      const python = await scene().python;
      const id = await python.send("ts.add", { args: [20, 22] });
      const readings = await scene().readings(id, "python");
      expect(readings).toMatchObject(readings.map(() => ({ state: "SUCCESS", value: 42 })));
    });

    test("wakes a Python caller that waits when its result is stored", async () => {
      const python = await scene().python;
      const id = await python.send("ts.add", { args: [1, 2], options: { countdown: 2 } });
      const reading = await python.get(id);
      expect(reading).toMatchObject({ state: "SUCCESS", value: 3 });
      expect(reading.missed).toBeUndefined();
    });

    test("carries positional and keyword arguments both ways", async () => {
      const python = await scene().python;
      const args = [1, "zwei", null, [true, 0.5], { näme: "タスク" }];
      const kwargs = { x: 1, deep: { list: [1, 2] } };
      const echo = scene().client.remote<(...given: unknown[]) => { args: unknown[]; kwargs: unknown }>("py.echo");
      const there = await echo.applyAsync(args, { kwargs });
      expect(await there.get(soon)).toMatchObject({ args, kwargs, id: there.id });
      const id = await python.send("ts.echo", { args, kwargs });
      // Keyword arguments come as one trailing object.
      expect((await python.get(id)).value).toMatchObject({ args: [...args, kwargs], id });
    });

    test("waits for its countdown and its ETA on either side", async () => {
      const python = await scene().python;
      const atMs = Date.now();
      const echo = scene().client.remote<() => { at: number }>("py.echo");
      const there = await Promise.all([
        echo.applyAsync([], { countdown: "1.5s" }),
        echo.applyAsync([], { eta: new Date(atMs + 1_500) }),
      ]);
      const back = [
        await python.send("ts.echo", { options: { countdown: 1.5 } }),
        await python.send("ts.echo", { options: { eta_in: 1.5 } }),
      ];
      const ran = await Promise.all(there.map(async (result) => (await result.get(soon)).at));
      for (const id of back) ran.push(((await scene().reading(id, "python")).value as { at: number }).at);
      for (const at of ran) {
        expect(at * 1_000 - atMs).toBeGreaterThanOrEqual(1_499);
        expect(at * 1_000 - atMs).toBeLessThan(6_000);
      }
    });

    test("may have a time limit, and headers of any number", async () => {
      const echo = scene().client.remote<() => unknown>("py.echo");
      const headers = { amount: 1_234, change: -1, list: [200, -40_000, 5_000_000_000, -5_000_000_000] };
      const there = await echo.applyAsync([], { timeLimit: "5m", headers });
      expect(await there.get(soon)).toMatchObject({ id: there.id });
    });

    test("that has expired is revoked by whoever takes it, and the other side reads so", async () => {
      const python = await scene().python;
      const echo = scene().client.remote("py.echo");
      const there = await echo.applyAsync([], { countdown: "1s", expires: "200ms" });
      const id = await python.send("ts.echo", { options: { countdown: 1, expires: 0.2 } });
      await expect(there.get(soon)).rejects.toMatchObject({ code: "TASK_REVOKED" });
      expect(await python.get(id)).toMatchObject({ state: "REVOKED", error: { type: "TaskRevokedError" } });
    });

    test("that fails tells its error by name and arguments, with a traceback, on the other side", async () => {
      const python = await scene().python;
      const there = await scene().client.remote("py.fail").delay();
      await expect(there.get(soon)).rejects.toMatchObject({
        code: "REMOTE_TASK_FAILED",
        name: "ValueError",
        message: expect.stringContaining("boom") as string,
        stack: expect.stringContaining("tasks.py") as string,
      });
      const id = await python.send("ts.fail");
      const back = await python.get(id);
      expect(back).toMatchObject({ state: "FAILURE", error: { type: "PaymentError", args: ["no money"] } });
      expect(back.traceback).toContain("tasks.ts");
    });

    test("is retried in its own language, and the other side sees the last result", async () => {
      const python = await scene().python;
      const there = await scene().client.remote<(times: number) => number>("py.retry").delay(2);
      expect(await there.get(soon)).toBe(2);
      const id = await python.send("ts.retry", { args: [2] });
      expect(await python.get(id)).toMatchObject({ state: "SUCCESS", value: 2 });
    });

    test("tells of its progress on the other side", async () => {
      const progress = await scene().client.remote<() => string>("py.progress").delay();
      const isUnderWay = async (): Promise<boolean> => (await progress.state()) === "PROGRESS";
      await eventually(isUnderWay, { what: "the state PROGRESS", withinMs: 10_000 });
      expect(await progress.info()).toEqual({ done: 1, of: 3 });
      expect(await progress.get(soon)).toBe("done");
    });
  },
);
