import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";

import { systemClock } from "@lovage/foundation";
import { describe, expect, it, onTestFinished, vi } from "vitest";

import { openRenewer } from "./renewer.ts";
import { idsOf, message, newPath, openStore, take } from "./test-support/open-store.ts";

function start(path: string, mode: "drain" | "hold" | "publish"): ChildProcess {
  const script = mode === "publish" ? "publish-child.ts" : "claim-child.ts";
  const child = fork(join(import.meta.dirname, "test-support", script), [path, mode], {
    execArgv: ["--conditions=source", "--disable-warning=ExperimentalWarning"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  return child;
}

const heardFrom = async (child: ChildProcess): Promise<string[]> => (await once(child, "message"))[0] as string[];

function checkIntegrity(path: string): unknown {
  const database = new DatabaseSync(path);
  try {
    return database.prepare("PRAGMA integrity_check").get();
  } finally {
    database.close();
  }
}

describe("many processes on one file", () => {
  it("eight claim at once: each message is acknowledged exactly once, and no process fails", async () => {
    const { store, path } = await openStore();
    const ids = Array.from({ length: 3_000 }, (_, index) => `m${index}`);
    for (let index = 0; index < ids.length; index += 500) {
      await store.publish(ids.slice(index, index + 500).map((id) => message(id, { key: `k${id.length}` })));
    }
    const children = Array.from({ length: 8 }, () => start(path, "drain"));
    const exits = children.map((child) => once(child, "exit"));
    const acknowledged = (await Promise.all(children.map(heardFrom))).flat();
    expect(acknowledged).toHaveLength(ids.length);
    expect(new Set(acknowledged)).toEqual(new Set(ids));
    for (const exit of exits) expect((await exit)[0]).toBe(0);
    expect(checkIntegrity(path)).toEqual({ integrity_check: "ok" });
  }, 60_000);

  it("what a killed process held comes back after its lease, counted once", async () => {
    const { store, path } = await openStore();
    await store.publish(["a", "b", "c"].map((id) => message(id)));
    const child = start(path, "hold");
    expect(await heardFrom(child)).toEqual(["a", "b", "c"]);
    child.kill("SIGKILL");
    expect(await take(store)).toEqual([]);
    await vi.waitFor(
      async () =>
        expect(await store.sweep({ queues: ["q"], suspectAfter: 2, max: 10 })).toMatchObject({ recovered: 3 }),
      {
        timeout: 20_000,
      },
    );
    const again = await take(store);
    expect(idsOf(again)).toEqual(["a", "b", "c"]);
    expect(again.map(({ losses }) => losses)).toEqual([1, 1, 1]);
  });

  it("a process killed while it publishes leaves a sound file with every batch that it was told was accepted, and no half one", async () => {
    const path = newPath();
    for (let round = 0; round < 3; round += 1) {
      const child = start(path, "publish");
      let accepted = 0;
      child.on("message", (count) => (accepted = Number(count)));
      await once(child, "message");
      await systemClock.sleep(50 + 40 * round);
      child.kill("SIGKILL");
      await once(child, "exit");
      expect(checkIntegrity(path)).toEqual({ integrity_check: "ok" });
      const database = new DatabaseSync(path);
      const count = Number(database.prepare("SELECT count(*) AS count FROM lovage_messages").get()?.["count"]);
      database.exec("DELETE FROM lovage_messages");
      database.close();
      expect(count % 10).toBe(0);
      expect(count).toBeGreaterThanOrEqual(accepted * 10);
    }
  }, 30_000);

  it("a helper thread's renewer keeps leases on a connection of its own", async () => {
    const { store, path } = await openStore();
    await store.publish([message("a")]);
    const [a] = await take(store, 1, 200);
    const renewer = await openRenewer({ path }, () => systemClock.monotonic());
    onTestFinished(() => renewer.close());
    expect(await renewer.extend("q", [a!.lease, { id: 99, fence: 1 }], 30_000)).toEqual({
      lost: [{ id: 99, fence: 1 }],
    });
    await systemClock.sleep(250);
    expect(await store.sweep({ queues: ["q"], suspectAfter: 2, max: 10 })).toEqual({ recovered: 0, more: false });
  });
});
