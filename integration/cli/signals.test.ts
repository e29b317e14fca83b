import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Folder, until } from "./test-support/command.ts";
import type { Command, Ended } from "./test-support/command.ts";

// Limits of time are five times what is promised: the machine may have other work.

let folder: Folder;

beforeEach(() => {
  folder = new Folder();
});

afterEach(() => folder.remove());

/** Sends a signal and waits for the end; how long that took, in ms. */
async function endBy(worker: Command, signal: NodeJS.Signals): Promise<Ended & { readonly tookMs: number }> {
  const sentAtMs = Date.now();
  worker.kill(signal);
  const ended = await worker.ended;
  return { ...ended, tookMs: Date.now() - sentAtMs };
}

function outcome(id: string): Promise<Ended> {
  return folder.run(["-A", "tasks.ts", "result", id, "--wait", "--timeout", "20s"]);
}

async function ready(): Promise<number> {
  const { stdout } = await folder.run(["-A", "tasks.ts", "queues", "default", "--json"]);
  return (JSON.parse(stdout) as readonly { readonly ready: number }[])[0]?.ready ?? 0;
}

test("an idle worker ends at once", async () => {
  const worker = await folder.startWorker();
  const { code, tookMs } = await endBy(worker, "SIGINT");
  expect(code).toBe(0);
  expect(tookMs).toBeLessThan(5 * 500);
});

test("row 8: SIGTERM lets running tasks finish and takes no more", async () => {
  for (let id = 0; id < 4; id += 1) await folder.call("shop.hold", id);
  const worker = await folder.startWorker(["--concurrency", "2", "--grace", "30s"]);
  await until("two tasks run", () => folder.ledger().length >= 2);
  worker.kill("SIGTERM");
  await worker.logged("Worker stops");
  folder.goOn();
  const goneOnAtMs = Date.now();
  const { code } = await worker.ended;
  const tookMs = Date.now() - goneOnAtMs;
  const noted = folder.ledger().map(({ what }) => what);
  expect(code).toBe(0);
  expect(tookMs).toBeLessThan(5 * 500);
  expect(noted.filter((what) => what.startsWith("start"))).toHaveLength(2);
  expect(noted.filter((what) => what.startsWith("end"))).toHaveLength(2);
  expect(await ready()).toBe(2);
});

test("row 9: tasks that ignore their signal are given back at the end of the grace", async () => {
  await folder.call("shop.stubborn", 1);
  const worker = await folder.startWorker(["--grace", "1s"]);
  await folder.noted("start-1");
  const { code, tookMs } = await endBy(worker, "SIGTERM");
  expect(code).toBe(0);
  expect(tookMs).toBeLessThan(5 * 1_200);
  expect(folder.ledger().map(({ what }) => what)).toEqual(["start-1", "abort-1"]);
  expect(await ready()).toBe(1);
});

describe("row 10: a second signal", () => {
  test("gives everything back and ends with 1 within half a second", async () => {
    await folder.call("shop.stubborn", 1);
    const worker = await folder.startWorker();
    await folder.noted("start-1");
    worker.kill("SIGTERM");
    await worker.logged("no more tasks are taken");
    const firstAtMs = Date.now();
    await until("half a second has passed", () => Date.now() - firstAtMs > 600);
    const { code, tookMs } = await endBy(worker, "SIGINT");
    expect(code).toBe(1);
    expect(tookMs).toBeLessThan(5 * 500);
    expect(await ready()).toBe(1);
  });

  test("is the same keypress when it comes at once", async () => {
    await folder.call("shop.hold", 1);
    const worker = await folder.startWorker();
    await folder.noted("start-1");
    // Two different ones: the system joins two of the same that wait.
    worker.kill("SIGINT");
    worker.kill("SIGTERM");
    await worker.logged("no more tasks are taken");
    folder.goOn();
    expect((await worker.ended).code).toBe(0);
    expect(folder.ledger().map(({ what }) => what)).toEqual(["start-1", "end-1"]);
  });
});

describe("row 13: an error that escapes a task", () => {
  test("by a rejection that nobody handles fails the task, and the worker goes on", async () => {
    const worker = await folder.startWorker();
    const id = await folder.call("shop.stray-rejection");
    expect((await outcome(id)).stderr).toContain("stray rejection");
    expect(
      await folder.run(["-A", "tasks.ts", "call", "shop.add", "--args", "[1, 2]", "--wait", "--timeout", "20s"]),
    ).toMatchObject({ stdout: "3\n" });
    expect(worker.log).toContainEqual(
      expect.objectContaining({
        msg: "unhandled rejection in a task; the task fails",
        task: "shop.stray-rejection",
        taskId: id,
      }),
    );
    expect((await endBy(worker, "SIGTERM")).code).toBe(0);
  });

  test("by a throw in a timer fails the task; others finish, and the worker ends with 1", async () => {
    const worker = await folder.startWorker();
    await folder.call("shop.hold", 1);
    await folder.noted("start-1");
    const id = await folder.call("shop.stray-throw");
    await worker.logged("Worker stops");
    folder.goOn();
    expect((await worker.ended).code).toBe(1);
    expect((await outcome(id)).stderr).toContain("stray throw");
    expect(folder.ledger().map(({ what }) => what)).toEqual(["start-1", "end-1"]);
  });
});

test("a task that blocks the event loop is named while it does", async () => {
  const worker = folder.start(["-A", "tasks.ts", "--loglevel", "debug", "worker"]);
  // The first task, which starts the thread that watches.
  const id = await folder.call("shop.block", 5_000);
  const blocked = expect.objectContaining({
    msg: "event-loop-blocked",
    tasks: ["shop.block"],
    isOver: false,
  }) as unknown;
  await worker.logged("event-loop-blocked");
  expect(worker.log).toContainEqual(blocked);
  expect(worker.log.some(({ msg, taskId: of }) => msg === "Task succeeded." && of === id)).toBe(false);
  await folder.run(["-A", "tasks.ts", "result", id, "--wait", "--timeout", "20s"]);
  await worker.logged("event-loop-blocked", 2);
  expect(worker.log.find(({ isOver }) => isOver === true)).toMatchObject({ tasks: ["shop.block"] });
});
