import { readFileSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Folder, isAlive, until } from "./test-support/command.ts";
import type { Command } from "./test-support/command.ts";

let folder: Folder;

beforeEach(() => {
  folder = new Folder();
});

afterEach(() => folder.remove());

/** Pid of each process by its number, of the newest with that number. */
function children(parent: Command): ReadonlyMap<unknown, number> {
  const ready = parent.log.filter(({ msg }) => msg === "Worker is ready.");
  return new Map(ready.map(({ process: number, pid }) => [number, Number(pid)]));
}

function urlOf(worker: Command): string {
  return `http://${String(worker.log.find(({ msg }) => msg === "http endpoints")?.["address"])}`;
}

async function allGone(pids: Iterable<number>): Promise<void> {
  const all = [...pids];
  await until("all processes are gone", () => !all.some((pid) => isAlive(pid)));
}

describe("lovage worker --processes 2", () => {
  test("runs tasks in both, each line with the number of its process, and ends with its processes", async () => {
    const parent = await folder.startWorker(["--processes", "2", "--concurrency", "1", "--prefetch", "1"], 2);
    for (const id of [1, 2]) await folder.call("shop.hold", id);
    await folder.noted("start-1");
    await folder.noted("start-2");
    const pids = new Set(folder.ledger().map(({ pid }) => pid));
    expect(pids.size).toBe(2);
    expect(pids).toEqual(new Set(children(parent).values()));
    expect(new Set(children(parent).keys())).toEqual(new Set([1, 2]));
    parent.kill("SIGTERM");
    await parent.logged("Worker stops", 2);
    folder.goOn();
    expect((await parent.ended).code).toBe(0);
    await allGone(pids);
    expect(folder.ledger().filter(({ what }) => what.startsWith("end"))).toHaveLength(2);
  });

  test("replaces a process that is killed", async () => {
    const parent = await folder.startWorker(["--processes", "2"], 2);
    const before = children(parent);
    process.kill(before.get(1)!, "SIGKILL");
    await parent.logged("Worker is ready", 3);
    const after = children(parent);
    expect(after.get(1)).not.toBe(before.get(1));
    expect(after.get(2)).toBe(before.get(2));
    expect(parent.log).toContainEqual(
      expect.objectContaining({ msg: "worker process ended; starting another", process: 1, signal: "SIGKILL" }),
    );
    parent.kill("SIGTERM");
    expect((await parent.ended).code).toBe(0);
    await allGone([...before.values(), ...after.values()]);
  });

  test("its processes finish what runs and end when the parent is killed", async () => {
    const parent = await folder.startWorker(["--processes", "2", "--concurrency", "1", "--prefetch", "1"], 2);
    for (const id of [1, 2]) await folder.call("shop.hold", id);
    await folder.noted("start-1");
    await folder.noted("start-2");
    await folder.call("shop.hold", 3);
    parent.kill("SIGKILL");
    await parent.logged("Worker stops", 2);
    folder.goOn();
    await allGone(children(parent).values());
    const noted = folder.ledger().map(({ what }) => what);
    expect(noted.toSorted()).toEqual(["end-1", "end-2", "start-1", "start-2"]);
  });

  test("SIGINT to all of them, as a terminal sends it, is one stop", async () => {
    const parent = await folder.startWorker(["--processes", "2"], 2);
    await folder.call("shop.hold", 1);
    await folder.noted("start-1");
    for (const pid of [parent.pid, ...children(parent).values()]) process.kill(pid, "SIGINT");
    await parent.logged("Worker stops", 2);
    folder.goOn();
    expect((await parent.ended).code).toBe(0);
    expect(folder.ledger().map(({ what }) => what)).toEqual(["start-1", "end-1"]);
    await allGone(children(parent).values());
  });

  test("a second signal ends all of them within half a second, with 1", async () => {
    const parent = await folder.startWorker(["--processes", "2"], 2);
    await folder.call("shop.stubborn", 1);
    await folder.noted("start-1");
    const firstAtMs = Date.now();
    parent.kill("SIGTERM");
    await until("half a second has passed", () => Date.now() - firstAtMs > 600);
    const secondAtMs = Date.now();
    parent.kill("SIGTERM");
    expect((await parent.ended).code).toBe(1);
    expect(Date.now() - secondAtMs).toBeLessThan(5 * 500);
    await allGone(children(parent).values());
  });
});

describe("--http", () => {
  test("serves one worker", async () => {
    const worker = await folder.startWorker(["--http", "127.0.0.1:0"]);
    const url = urlOf(worker);
    expect((await fetch(`${url}/live`)).status).toBe(200);
    expect(await (await fetch(`${url}/ready`)).json()).toEqual({ ok: true, reasons: [] });
    await folder.run(["-A", "tasks.ts", "call", "shop.add", "--args", "[1, 2]", "--wait"]);
    const metrics = await (await fetch(`${url}/metrics`)).text();
    expect(metrics).toContain('lovage_tasks_total{task="shop.add",outcome="success"} 1');
    worker.kill("SIGTERM");
    await worker.ended;
    await expect(fetch(`${url}/live`)).rejects.toThrow("fetch failed");
  });

  test("is not ready while it stops, and live", async () => {
    const worker = await folder.startWorker(["--http", "127.0.0.1:0"]);
    await folder.call("shop.hold", 1);
    await folder.noted("start-1");
    worker.kill("SIGTERM");
    await worker.logged("Worker stops");
    const response = await fetch(`${urlOf(worker)}/ready`);
    expect([response.status, await response.json()]).toEqual([503, { ok: false, reasons: ["the worker is stopping"] }]);
    expect((await fetch(`${urlOf(worker)}/live`)).status).toBe(200);
    folder.goOn();
    expect((await worker.ended).code).toBe(0);
  });

  test("adds up several processes, and what a killed one had told is kept", async () => {
    const parent = await folder.startWorker(["--processes", "2", "--http", "127.0.0.1:0"], 2);
    const url = urlOf(parent);
    for (let index = 0; index < 4; index += 1) {
      await folder.run(["-A", "tasks.ts", "call", "shop.add", "--args", "[1, 2]", "--wait"]);
    }
    const metrics = async (): Promise<string> => (await fetch(`${url}/metrics`)).text();
    const sum = 'lovage_tasks_total{task="shop.add",outcome="success"} 4';
    expect(await metrics()).toContain("lovage_worker_processes 2");
    expect(await metrics()).toContain(sum);
    process.kill(children(parent).get(2)!, "SIGKILL");
    await until("it is told that one is missing", async () => (await fetch(`${url}/ready`)).status === 503);
    expect((await fetch(`${url}/live`)).status).toBe(200);
    expect(await metrics()).toContain(sum);
    await until("it is replaced", async () => (await fetch(`${url}/ready`)).status === 200);
    parent.kill("SIGTERM");
    expect((await parent.ended).code).toBe(0);
  });

  test("an address that is taken ends the command with 1, before any process is made", async () => {
    const worker = await folder.startWorker(["--http", "127.0.0.1:0"]);
    const address = urlOf(worker).slice("http://".length);
    const { code, stderr } = await folder.run(["-A", "tasks.ts", "worker", "--processes", "2", "--http", address]);
    expect(code).toBe(1);
    expect(stderr).toContain(`Cannot listen on ${address} (--http): another program listens there`);
    expect(stderr).not.toContain("Worker is ready");
  });
});

test("the command is executable, so that npm can link it", () => {
  const program = new URL("../../packages/core/bin/lovage.js", import.meta.url);
  expect(readFileSync(program, "utf8").split("\n", 1)).toEqual(["#!/usr/bin/env node"]);
});
