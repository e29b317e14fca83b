import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Folder } from "./test-support/command.ts";
import type { Command } from "./test-support/command.ts";

const plainApp = `
import { createApp } from "lovage";
const app = createApp({ name: "plain", defaultQueue: "plain" });
app.task("plain.double", { parameters: ["x"] }, (x) => 2 * x);
export default app;
`;

let folder: Folder;
let worker: Command;

beforeAll(async () => {
  folder = new Folder({ "plain.js": plainApp, "package.json": '{ "type": "module" }' });
  worker = await folder.startWorker();
});

afterAll(() => folder.remove());

const call = (...args: readonly string[]) => folder.run(["-A", "tasks.ts", "call", ...args]);

describe("lovage call", () => {
  test("prints the result of a task of a TypeScript app", async () => {
    expect(await call("shop.add", "--args", "[2, 3]", "--wait", "--timeout", "20s")).toMatchObject({
      code: 0,
      stdout: "5\n",
    });
  });

  test("prints the result of a task of a JavaScript app, whose app is its default export", async () => {
    const plain = folder.start(["-A", "plain", "worker"]);
    await plain.logged("Worker is ready");
    const args = ["-A", "plain.js", "call", "plain.double", "--kwargs", '{"x": 21}', "--wait", "--timeout", "20s"];
    expect(await folder.run(args)).toMatchObject({ code: 0, stdout: "42\n" });
    plain.kill("SIGTERM");
    expect((await plain.ended).code).toBe(0);
  });

  test("prints the id, by which the result is found", async () => {
    const sent = await call("shop.add", "--args", "[1, 1]", "--task-id", "my-call");
    expect(sent).toEqual({ code: 0, stdout: "my-call\n", stderr: "" });
    expect(await folder.run(["-A", "tasks.ts", "result", "my-call", "--wait", "--timeout", "20s"])).toMatchObject({
      code: 0,
      stdout: "2\n",
    });
    expect(await folder.run(["-A", "tasks.ts", "result", "my-call"])).toMatchObject({ code: 0, stdout: "2\n" });
  });

  test("prints the error of a task that failed, without secrets, and ends with 1", async () => {
    const { code, stdout, stderr } = await call("shop.fail", "--wait", "--timeout", "20s");
    expect([code, stdout]).toEqual([1, ""]);
    expect(stderr).toContain("RangeError: no stock at redis://shop:***@db/0");
    expect(stderr).toMatch(/tasks\.ts:\d+/);
  });

  test("ends with 1 when the result is not there in time", async () => {
    const { code, stderr } = await call(
      "shop.add",
      "--args",
      "[1, 1]",
      "--countdown",
      "1h",
      "--wait",
      "--timeout",
      "300ms",
    );
    expect(code).toBe(1);
    expect(stderr).toContain("has no result after 300ms");
  });

  test("checks arguments by the task's schema before anything is sent", async () => {
    const { code, stderr } = await call("shop.mail", "--args", '["nobody"]');
    expect(code).toBe(1);
    expect(stderr).toContain("shop.mail");
    expect(await call("shop.mail", "--args", '["a@example.org"]', "--wait", "--timeout", "20s")).toMatchObject({
      code: 0,
      stdout: '"sent to a@example.org"\n',
    });
  });

  test("sends no task that the app does not know, unless it must", async () => {
    const { code, stderr } = await call("shop.ad");
    expect(code).toBe(1);
    expect(stderr).toContain('knows no task "shop.ad". Did you mean "shop.add"? --force');
    expect(await call("ml.score", "--queue", "ml", "--force")).toMatchObject({ code: 0 });
    const { stdout } = await folder.run(["-A", "tasks.ts", "queues", "ml", "--json"]);
    expect(JSON.parse(stdout)).toMatchObject([{ queue: "ml", ready: 1 }]);
  });
});

describe("lovage result", () => {
  test("tells the state of a call without a result, and ends with 1", async () => {
    const { code, stdout, stderr } = await folder.run(["-A", "tasks.ts", "result", "never-sent"]);
    expect([code, stdout]).toEqual([1, ""]);
    expect(stderr).toContain("its state is PENDING: it has not run yet");
  });
});

test("the log of the worker is one JSON document a line, without secrets", () => {
  expect(worker.log.length).toBe(worker.stderr.split("\n").length - 1);
  expect(worker.log[0]).toMatchObject({
    msg: "Worker starts.",
    app: "shop",
    broker: "sqlite:.lovage/queue.db",
    processes: 1,
  });
  expect(worker.stderr).not.toContain("geheim");
});
