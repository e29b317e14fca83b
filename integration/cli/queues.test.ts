import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Folder } from "./test-support/command.ts";

let folder: Folder;

beforeAll(async () => {
  folder = new Folder();
  await folder.call("shop.add", 1, 1);
  await folder.run(["-A", "tasks.ts", "call", "shop.add", "--args", "[1, 2]", "--countdown", "1h"]);
});

afterAll(() => folder.remove());

const lovage = (...args: readonly string[]) => folder.run(["-A", "tasks.ts", ...args]);

async function counts(queue: string): Promise<unknown> {
  const { stdout } = await lovage("queues", queue, "--json");
  return (JSON.parse(stdout) as readonly unknown[])[0];
}

describe("lovage queues", () => {
  test("prints a table of all queues", async () => {
    const { code, stdout } = await lovage("queues");
    const [titles, ...rows] = stdout.trimEnd().split("\n");
    expect(code).toBe(0);
    expect(titles).toBe("QUEUE    READY  DELAYED  UNSETTLED  DEAD  OLDEST");
    expect(rows).toHaveLength(1);
    expect(rows[0]).toMatch(/^default +1 +1 +0 +0 +\d+m?s$/);
  });

  test("prints the same keys as JSON, whatever the counts", async () => {
    const row = await counts("default");
    expect(row).toEqual({
      queue: "default",
      ready: 1,
      delayed: 1,
      unsettled: 0,
      dead: 0,
      oldestReadyMs: expect.any(Number) as number,
    });
  });

  test("tells of a queue that is not there", async () => {
    const { code, stderr } = await lovage("queues", "nothing");
    expect(code).toBe(1);
    expect(stderr).toContain('no queue "nothing" in the broker. `lovage queues` shows those there are.');
  });
});

describe("dead letters", () => {
  test.each([
    ["list", []],
    ["replay", ["--all"]],
    ["drop", ["--ids", "x"]],
  ])("of a queue that is not there: %s fails and says so", async (verb, options) => {
    const { code, stdout, stderr } = await lovage("dead", verb, "defalt", ...options);
    expect(stderr).toContain('no queue "defalt"');
    expect([code, stdout]).toEqual([1, ""]);
  });

  test("ids that none of them has are told, and are a failure", async () => {
    const { code, stdout, stderr } = await lovage("dead", "replay", "default", "--ids", "nope,nil");
    expect(stdout).toBe("default: 0 replayed\n");
    expect(stderr).toContain('No dead letter of queue "default" has the id nope, nil.');
    expect(code).toBe(1);
  });

  test("are listed, replayed and dropped", async () => {
    const ids = [await folder.call("shop.fail"), await folder.call("shop.fail"), await folder.call("shop.fail")];
    const worker = await folder.startWorker();
    await worker.logged("Task failed", 3);
    worker.kill("SIGTERM");
    await worker.ended;

    const listed = await lovage("dead", "list", "default", "--json");
    const entries = JSON.parse(listed.stdout) as readonly { readonly taskId: string }[];
    expect(entries.map(({ taskId }) => taskId).toSorted()).toEqual(ids.toSorted());
    expect(entries[0]).toMatchObject({ task: "shop.fail", reason: "failed", count: 1 });
    expect(listed.stderr).toBe("");

    const some = await lovage("dead", "list", "default", "--limit", "2");
    expect(some.stdout.split("\n")).toHaveLength(4);
    expect(some).toMatchObject({ code: 0, stderr: "There are more than these 2: --limit shows more.\n" });
    expect((await lovage("dead", "list", "default", "--limit", "3")).stderr).toBe("");
    expect(listed.stdout + (await lovage("dead", "list", "default")).stdout).not.toContain("geheim");

    expect((await lovage("dead", "replay", "default", "--ids", ids[0]!)).stdout).toBe("default: 1 replayed\n");
    expect((await lovage("dead", "drop", "default", "--limit", "1", "--json")).stdout).toBe(
      '{\n  "queue": "default",\n  "count": 1\n}\n',
    );
    expect((await lovage("dead", "drop", "default", "--all")).stdout).toBe("default: 1 dropped\n");
    expect(await lovage("dead", "drop", "default", "--ids", "unknown")).toMatchObject({
      code: 1,
      stdout: "default: 0 dropped\n",
    });
    expect(await counts("default")).toMatchObject({ ready: 1, dead: 0 });
  });
});

describe("lovage purge", () => {
  test("removes what waits, if all queues exist", async () => {
    expect(await lovage("purge", "default", "nothing", "--yes")).toMatchObject({ code: 1, stdout: "" });
    expect(await lovage("purge", "default", "--yes")).toMatchObject({ code: 0, stdout: "default: 2 removed\n" });
    expect(await counts("default")).toMatchObject({ ready: 0, delayed: 0 });
  });
});
