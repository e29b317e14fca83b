import { fork } from "node:child_process";
import { once } from "node:events";
import { rmSync } from "node:fs";
import { join } from "node:path";

import { silentLog, systemClock, type Log } from "@lovage/foundation";
import { describe, expect, it, onTestFinished, vi } from "vitest";

import { temporaryDirectory } from "./test-support/temporary-directory.ts";
import { WakeFile, type WakeFileOptions } from "./wake-file.ts";

const newPath = (): string => join(temporaryDirectory(), "queue.db-wake");

function open(path: string, options: Partial<WakeFileOptions> = {}): WakeFile {
  const wake = new WakeFile({ path, clock: systemClock, log: silentLog, ...options });
  onTestFinished(() => wake.close());
  return wake;
}

const unwatchable = (() => {
  throw new Error("no watches left");
}) as unknown as NonNullable<WakeFileOptions["watchFile"]>;

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
    const [sleeper, waker] = [open(path), open(path)];
    const [a, b] = [vi.fn<() => void>(), vi.fn<() => void>()];
    sleeper.subscribe("a", a);
    sleeper.subscribe("b", b);
    waker.announce("a");
    await vi.waitFor(() => expect(a).toHaveBeenCalled());
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
    const wake = open(path);
    const child = fork(join(import.meta.dirname, "test-support/wake-child.ts"), [path], {
      execArgv: ["--conditions=source", "--disable-warning=ExperimentalWarning"],
    });
    const exited = once(child, "exit");
    onTestFinished(() => void child.kill("SIGKILL"));
    await once(child, "message");
    const heard = vi.fn<() => void>();
    wake.subscribe("from child", heard);
    child.send("from child");
    await vi.waitFor(() => expect(heard).toHaveBeenCalled());
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
    await vi.waitFor(() => expect(heard).toHaveBeenCalled());
    expect(warn).toHaveBeenCalledTimes(1);
  });

  it("goes on after the file was deleted", async () => {
    const path = newPath();
    const [sleeper, waker] = [open(path), open(path)];
    const heard = vi.fn<() => void>();
    sleeper.subscribe("a", heard);
    waker.announce("a");
    await vi.waitFor(() => expect(heard).toHaveBeenCalled());
    rmSync(path);
    heard.mockClear();
    await vi.waitFor(
      () => {
        waker.announce("a");
        expect(heard).toHaveBeenCalled();
      },
      { timeout: 5_000, interval: 100 },
    );
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
