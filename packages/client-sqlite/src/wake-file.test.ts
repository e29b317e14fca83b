import { fork } from "node:child_process";
import { once } from "node:events";
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { Worker } from "node:worker_threads";

import { silentLog, systemClock, type Clock, type Log } from "@lovage/foundation";
import { describe, expect, it, onTestFinished, vi, type Mock } from "vitest";

import type { CommitThreadData } from "./test-support/commit-thread.ts";
import { temporaryDirectory } from "./test-support/temporary-directory.ts";
import { WakeFile, type WakeFileOptions } from "./wake-file.ts";

const newPath = (): string => join(temporaryDirectory(), "queue.db-wake");

function open(path: string, options: Partial<WakeFileOptions> = {}): WakeFile {
  const wake = new WakeFile({ path, clock: systemClock, log: silentLog, ...options });
  onTestFinished(() => wake.close());
  return wake;
}

/** Without the look every second, which finds all that the watching missed. */
const watchingOnly: Partial<WakeFileOptions> = {
  clock: {
    ...systemClock,
    timer: (ms, callback, options) => systemClock.timer(ms >= 1_000 ? Infinity : ms, callback, options),
  } satisfies Clock,
};
/** For what comes by itself: a busy machine may need its time. */
const soon = { timeout: 20_000 };

const nodeOptions = ["--conditions=source", "--disable-warning=ExperimentalWarning"];

const unwatchable = (() => {
  throw new Error("no watches left");
}) as unknown as NonNullable<WakeFileOptions["watchFile"]>;

/** Announces until a sleeper hears it anew: it takes a second to find out that the file was deleted. */
async function untilHeard(heard: Mock<() => void>, announce: () => void): Promise<void> {
  heard.mockClear();
  await vi.waitFor(
    () => {
      announce();
      expect(heard).toHaveBeenCalled();
    },
    { ...soon, interval: 100 },
  );
}

describe("WakeFile", () => {
  it("calls listeners of the same program at once", () => {
    const wake = open(newPath());
    const heard = vi.fn<() => void>();
    wake.subscribe("a", heard);
    wake.announce("a");
    expect(heard).toHaveBeenCalledTimes(1);
  });

  it("wakes another opener for its own topic only", async () => {
    const path = newPath();
    const [sleeper, waker] = [open(path, watchingOnly), open(path)];
    const [a, b] = [vi.fn<() => void>(), vi.fn<() => void>()];
    sleeper.subscribe("a", a);
    sleeper.subscribe("b", b);
    waker.announce("a");
    await vi.waitFor(() => expect(a).toHaveBeenCalled(), soon);
    expect(b).not.toHaveBeenCalled();
  });

  it("loses no wake-up out of a thousand", async () => {
    const path = newPath();
    const [sleeper, waker] = [open(path), open(path)];
    let woken = 0;
    for (let round = 0; round < 1000; round += 1) {
      const heard = new Promise<void>((resolve) => {
        const subscription = sleeper.subscribe("a", () => {
          subscription.close();
          resolve();
        });
      });
      waker.announce("a");
      await heard;
      woken += 1;
    }
    expect(woken).toBe(1000);
  });

  it("wakes another process, and is woken by it", async () => {
    const path = newPath();
    const wake = open(path, watchingOnly);
    const child = fork(join(import.meta.dirname, "test-support/wake-child.ts"), [path], {
      execArgv: nodeOptions,
    });
    const exited = once(child, "exit");
    onTestFinished(() => void child.kill("SIGKILL"));
    await once(child, "message");
    const heard = vi.fn<() => void>();
    wake.subscribe("from child", heard);
    child.send("from child");
    await vi.waitFor(() => expect(heard).toHaveBeenCalled(), soon);
    const answered = once(child, "message");
    wake.announce("ping");
    expect((await answered)[0]).toBe("pinged");
    child.send("close");
    // It ends by itself: neither watcher nor timer keeps it.
    expect((await exited)[0]).toBe(0);
  });

  it("polls where files cannot be watched, and says so once", async () => {
    const path = newPath();
    const warn = vi.fn<Log["warn"]>();
    const sleeper = open(path, { watchFile: unwatchable, log: { ...silentLog, warn } satisfies Log });
    const heard = vi.fn<() => void>();
    sleeper.subscribe("a", heard);
    sleeper.subscribe("b", () => {});
    open(path).announce("a");
    await vi.waitFor(() => expect(heard).toHaveBeenCalled(), soon);
    expect(warn).toHaveBeenCalledTimes(1);
  });

  it("goes on after the file was deleted", async () => {
    const path = newPath();
    const [sleeper, waker] = [open(path), open(path)];
    const heard = vi.fn<() => void>();
    sleeper.subscribe("a", heard);
    waker.announce("a");
    await vi.waitFor(() => expect(heard).toHaveBeenCalled(), soon);
    rmSync(path);
    await untilHeard(heard, () => waker.announce("a"));
  });

  it("calls nobody after the subscription or the file was closed", async () => {
    const path = newPath();
    const wake = open(path);
    const heard = vi.fn<() => void>();
    wake.subscribe("a", heard).close();
    wake.announce("a");
    wake.subscribe("a", heard);
    wake.close();
    wake.announce("a");
    open(path).announce("a");
    await systemClock.sleep(20);
    expect(heard).not.toHaveBeenCalled();
  });
});

describe("sleepers of a WakeFile", () => {
  it("are woken once they have fallen asleep; while nobody has, nothing is written", async () => {
    const path = newPath();
    const [sleeper, waker] = [open(path, watchingOnly), open(path)];
    const heard = vi.fn<() => void>();
    const subscription = sleeper.subscribe("a", heard);
    waker.wakeSleepers("a");
    const before = readFileSync(path);
    expect(before.every((byte) => byte === 0)).toBe(true);
    expect(subscription.fallAsleep()).toBe(true);
    waker.wakeSleepers("a");
    await vi.waitFor(() => expect(heard).toHaveBeenCalledTimes(1), soon);
    const woken = readFileSync(path);
    expect(woken).not.toEqual(before);
    waker.wakeSleepers("a");
    expect(readFileSync(path)).toEqual(woken);
  });

  it("look once more after they have said that they sleep, and need not say so again until they are woken", async () => {
    const path = newPath();
    const [sleeper, waker] = [open(path, watchingOnly), open(path)];
    const heard = vi.fn<() => void>();
    const subscription = sleeper.subscribe("a", heard);
    expect([subscription.fallAsleep(), subscription.fallAsleep()]).toEqual([true, false]);
    waker.announce("a");
    await vi.waitFor(() => expect(heard).toHaveBeenCalled(), soon);
    expect([subscription.fallAsleep(), subscription.fallAsleep()]).toEqual([true, false]);
  });

  it("look once more also where another one had said so, of the same topic or of one in the same slot", () => {
    const wake = open(newPath());
    const [one, other] = [wake.subscribe("a", () => {}), wake.subscribe("a", () => {})];
    expect([one.fallAsleep(), other.fallAsleep()]).toEqual([true, true]);
  });

  it("fall asleep again after the file was deleted, for in the new one nobody has said so", async () => {
    const path = newPath();
    const [sleeper, waker] = [open(path), open(path)];
    const heard = vi.fn<() => void>();
    const subscription = sleeper.subscribe("a", heard);
    subscription.fallAsleep();
    rmSync(path);
    await vi.waitFor(() => expect(heard).toHaveBeenCalled(), soon);
    expect(subscription.fallAsleep()).toBe(true);
    await untilHeard(heard, () => waker.wakeSleepers("a"));
  });

  it("miss nothing of another thread that commits while they fall asleep", async () => {
    const path = newPath();
    const commits = 2_000;
    const counters = new Int32Array(new SharedArrayBuffer(8));
    let wakeUp: () => void = vi.fn<() => void>();
    const subscription = open(path).subscribe("a", () => wakeUp());
    const workerData: CommitThreadData = { path, counters, commits };
    const thread = new Worker(join(import.meta.dirname, "test-support/commit-thread.ts"), {
      workerData,
      execArgv: nodeOptions,
    });
    const ended = once(thread, "exit");
    for (let found = 0; found < commits;) {
      const woken = new Promise<void>((resolve) => (wakeUp = resolve));
      if (Atomics.load(counters, 0) > found) {
        found += 1;
        Atomics.store(counters, 1, found);
        Atomics.notify(counters, 1);
      } else if (!subscription.fallAsleep()) await woken;
    }
    expect(await ended).toEqual([0]);
  });
});
