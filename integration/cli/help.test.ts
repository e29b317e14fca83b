import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Folder } from "./test-support/command.ts";

let folder: Folder;

beforeAll(() => {
  folder = new Folder({
    "empty.ts": "export const add = () => 1;",
    "two.ts":
      'import { createApp } from "lovage"; export const a = createApp({ name: "a" }); export const b = createApp({ name: "b" });',
    "throws.ts": 'throw new Error("no database at postgres://me:geheim@db/x");',
    "enum.ts": "export enum Color { Red }",
    "older/package.json": '{ "type": "commonjs" }',
    "older/tasks.ts": 'import { createApp } from "lovage"; export const app = createApp({ name: "older" });',
    "wrong.ts":
      'import { createApp } from "lovage"; export const app = createApp({ brocker: "sqlite:x.db" } as object);',
    "memory.ts":
      'import { createApp } from "lovage"; export const app = createApp({ name: "m", broker: "memory:", backend: "memory:" });',
    "resultless.ts":
      'import { createApp } from "lovage"; export const app = createApp({ name: "r", broker: "sqlite:queue.db" });',
    "nats.ts": 'import { createApp } from "lovage"; export const app = createApp({ broker: "nats://u:geheim@db/0" });',
  });
});

afterAll(() => folder.remove());

/** Only the number is older; what the program says before it imports anything is what matters. */
function pretend(version: string): string {
  return `data:text/javascript,Object.defineProperty(process,"versions",{value:{...process.versions,node:"${version}"}})`;
}

describe("help", () => {
  test("the version is that of the package", async () => {
    const manifest = readFileSync(new URL("../../packages/core/package.json", import.meta.url), "utf8");
    const { version } = JSON.parse(manifest) as { readonly version: string };
    expect(await folder.run(["--version"])).toEqual({ code: 0, stdout: `${version}\n`, stderr: "" });
  });

  test("names the commands there are and none that are not", async () => {
    const { code, stdout } = await folder.run(["--help"]);
    const listed = /^Commands:\n(?<lines>(?: .*\n)+)/m.exec(stdout)?.groups?.["lines"] ?? "";
    expect(code).toBe(0);
    expect([...listed.matchAll(/^ {2}([a-z]+)/gm)].map(([, name]) => name)).toEqual([
      "worker",
      "beat",
      "call",
      "result",
      "queues",
      "purge",
      "dead",
      "schedules",
      "schema",
      "help",
    ]);
  });

  test.each([
    ["worker", "--grace <duration>"],
    ["call", "--countdown <duration>"],
    ["result", "--timeout <duration>"],
    ["queues", "--json"],
    ["purge", "--yes"],
    ["dead", "replay"],
    ["beat", "--lease <duration>"],
    ["schedules", "resume"],
    ["schema", "apply"],
  ])("of %s has its options, the global ones and an example", async (command, option) => {
    const { code, stdout, stderr } = await folder.run([command, "--help"]);
    expect([code, stderr]).toEqual([0, ""]);
    for (const text of [option, "--app <module>", "--broker <url>", `lovage -A ./tasks.ts ${command}`])
      expect(stdout).toContain(text);
    expect(stdout).not.toContain("child-number");
  });

  test("is printed without colours where nobody sees them", async () => {
    const { stdout } = await folder.run(["help", "worker"]);
    expect(stdout).not.toContain("\u001B[");
  });
});

describe("a wrong command line ends with 2 and says what to write", () => {
  test.each([
    [[], "Usage: lovage"],
    [["wrker"], "Did you mean worker?"],
    [["-A", "tasks.ts", "worker", "--concurency", "3"], "Did you mean --concurrency?"],
    [["-A", "tasks.ts", "worker", "--concurrency", "0"], "a whole number from 1 to 10000"],
    [["-A", "tasks.ts", "worker", "--grace", "25"], "25ms, 25s"],
    [["-A", "tasks.ts", "worker", "--queues", "a,../b"], "not a valid queue name"],
    [["-A", "tasks.ts", "worker", "--http", "nowhere"], "127.0.0.1:9100"],
    [["-A", "tasks.ts", "worker", "--loglevel", "loud"], "Allowed choices are debug, info"],
    [["-A", "tasks.ts", "worker", "extra"], "too many arguments"],
    [["-A", "tasks.ts", "call"], "missing required argument 'name'"],
    [["-A", "tasks.ts", "call", "shop.add", "--args", "2"], "--args '[2]'"],
    [["-A", "tasks.ts", "call", "shop.add", "--args", "[2"], "not JSON"],
    [["-A", "tasks.ts", "call", "shop.add", "--timeout", "1s"], "--timeout is for --wait"],
    [
      ["-A", "tasks.ts", "call", "shop.add", "--eta", "2026-12-24T18:00:00Z", "--countdown", "1s"],
      "cannot be used with",
    ],
    [["-A", "tasks.ts", "call", "shop.add", "--priority", "10"], "from 0 to 9"],
    [["-A", "tasks.ts", "purge", "default"], "say --yes"],
    [["-A", "tasks.ts", "dead", "drop", "default"], "--ids, --limit or --all"],
    [["-A", "tasks.ts", "dead", "drop", "default", "--all", "--limit", "1"], "cannot be used with"],
    [["-A", "tasks.ts", "schedules", "set", "x", "--task", "t"], "--cron, --every or --at"],
    [
      ["-A", "tasks.ts", "schedules", "set", "x", "--task", "t", "--every", "1d", "--timezone", "Europe/Berlin"],
      "--timezone is for --cron",
    ],
    [["-A", "tasks.ts", "schedules", "set", "x", "--task", "t", "--cron", "99 * * * *"], "99"],
    [["-A", "tasks.ts", "schedules", "set", "x", "--task", "t", "--cron", "@daily", "--timezone", "No"], "No"],
    [["-A", "tasks.ts", "schedules", "set", "x", "--task", "t", "--every", "1ms"], "at least 100ms"],
    [["-A", "tasks.ts", "call", "shop.add", "--task-id", ""], "text of 1 to 200 bytes"],
    [["-A", "tasks.ts", "result", ""], "text of 1 to 200 bytes"],
    [["queues"], "lovage -A ./tasks.ts"],
  ])("%j", async (args, message) => {
    const { code, stdout, stderr } = await folder.run(args);
    expect(stderr).toContain(message);
    expect([code, stdout]).toEqual([2, ""]);
  });
});

describe("an app that cannot be had ends with 1 and says why", () => {
  test.each([
    ["nothing.ts", ["There is no app module", "nothing.ts/index.ts"]],
    ["empty.ts", ["It exports add, none of which is an app", "export const app = createApp"]],
    ["two.ts", ["exports several apps, a, b"]],
    ["throws.ts", ["no database at postgres://me:***@db/x", "throws.ts:1"]],
    ["enum.ts", ["erasableSyntaxOnly"]],
    ["older/tasks.ts", ["npm pkg set type=module"]],
    ["wrong.ts", ['Did you mean "broker"?']],
    ["nats.ts", ["@lovage/transport-nats", "lovage-transport-nats"]],
  ])("%s", async (app, messages) => {
    const { code, stdout, stderr } = await folder.run(["-A", app, "queues"]);
    for (const message of messages) expect(stderr).toContain(message);
    expect([code, stdout]).toEqual([1, ""]);
    expect(stderr).not.toContain("geheim");
  });

  test("a broker inside one process cannot be looked into, nor be shared by several", async () => {
    for (const args of [["queues"], ["call", "x", "--force"], ["worker", "--processes", "2"], ["result", "x"]]) {
      const { code, stderr } = await folder.run(["-A", "memory.ts", ...args]);
      expect(stderr).toContain("lives inside one process");
      expect(stderr).toContain("sqlite:.lovage/queue.db");
      expect(code).toBe(1);
    }
  });

  test("a result that is kept nowhere is not waited for, and nothing is sent", async () => {
    const { code, stderr } = await folder.run(["-A", "resultless.ts", "call", "x", "--force", "--wait"]);
    expect(code).toBe(1);
    expect(stderr).toContain('App "r" has no result backend');
    expect((await folder.run(["-A", "resultless.ts", "queues"])).stderr).toContain("There are no queues yet.");
  });
});

describe("an older Node", () => {
  test.each(["20.20.2", "22.17.1", "18.0.0"])("%s is told what is needed and how to get it", async (version) => {
    const { code, stdout, stderr } = await folder.run(["--version"], { nodeOptions: ["--import", pretend(version)] });
    expect([code, stdout]).toEqual([1, ""]);
    expect(stderr).toContain(`lovage needs Node.js 22.18 or newer. This is Node.js ${version}`);
    expect(stderr).toContain("npm install --save-dev node@24");
  });

  test.each(["22.18.0", "24.0.0", "26.1.0"])("%s will do", async (version) => {
    const { code } = await folder.run(["--version"], { nodeOptions: ["--import", pretend(version)] });
    expect(code).toBe(0);
  });
});
