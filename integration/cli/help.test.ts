import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Folder } from "./test-support/command.ts";

let folder: Folder;

beforeAll(() => {
  folder = new Folder({
    "empty.ts": "export const add = () => 1;",
    "two.ts":
      'import { createApp } from "lovage"; export const a = createApp({ name: "a" }); export const b = createApp({ name: "b" });',
    "throws.ts": 'throw new Error("no database at postgres://me:geheim@db/x");',
    "waits.ts":
      'import { createApp } from "lovage"; export const app = createApp({ name: "w" }); await import("./waits-tasks.ts");',
    "waits-tasks.ts": 'import { app } from "./waits.ts"; export const one = app.task("w.one", () => 1);',
    "waits-later.ts":
      'import { createApp } from "lovage"; export const app = createApp({ name: "l", include: ["never.ts"] });',
    "never.ts": "await Promise.withResolvers().promise;",
    "cycle.ts":
      'import "./cycle-tasks.ts"; import { createApp } from "lovage"; export const app = createApp({ name: "c" });',
    "cycle-tasks.ts": 'import { app } from "./cycle.ts"; export const one = app.task("c.one", () => 1);',
    "enum.ts": "export enum Color { Red }",
    "exits.ts": "process.exit(0);",
    "crashes.ts":
      'setImmediate(() => { throw new Error("crash"); }); await new Promise(() => setInterval(() => {}, 1000));',
    "no-export.ts": 'import { createAp } from "lovage"; export const app = createAp();',
    "older/package.json": '{ "type": "commonjs" }',
    "older/tasks.ts": 'import { createApp } from "lovage"; export const app = createApp({ name: "older" });',
    "wrong.ts":
      'import { createApp } from "lovage"; export const app = createApp({ brocker: "sqlite:x.db" } as object);',
    "memory.ts":
      'import { createApp } from "lovage"; export const app = createApp({ name: "m", broker: "memory:", backend: "memory:" });',
    "own-results.ts":
      'import { createApp } from "lovage"; export const app = createApp({ name: "o", broker: "sqlite:queue.db", backend: "memory:" });',
    "own-locks.ts":
      'import { createApp } from "lovage"; export const app = createApp({ name: "l", broker: "sqlite:queue.db", coordination: "memory:" });',
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

/** A disk that is full, below one of the streams. */
function full(stream: "stdout" | "stderr"): string {
  const error = 'Object.assign(new Error("ENOSPC: no space left on device"),{code:"ENOSPC",syscall:"write"})';
  const write = `function(text,done){const error=${error};process.nextTick(()=>{this.emit("error",error);done?.(error)});return false}`;
  return `data:text/javascript,process.${stream}.write=${encodeURIComponent(write)}`;
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

  test.each([
    [["help", "schedules", "set"], "Usage: lovage schedules set"],
    [["schedules", "help", "set"], "Usage: lovage schedules set"],
    [["help", "dead"], "Usage: lovage dead"],
    [["help"], "Usage: lovage [options]"],
  ])("%j", async (args, usage) => {
    const { code, stdout, stderr } = await folder.run(args);
    expect(stdout).toContain(usage);
    expect([code, stderr]).toEqual([0, ""]);
  });

  test("is no wider than a terminal, but for what is to be copied", async () => {
    const { stdout } = await folder.run(["help", "worker"]);
    const wide = stdout.split("\n").filter((line) => line.length > 80);
    expect(wide.filter((line) => !line.startsWith("  lovage "))).toEqual([]);
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
    [["help", "wrker"], 'Did you mean "worker"?'],
    [["help", "schedules", "sett"], 'Did you mean "set"?'],
    [["help", "worker", "more"], "unknown command 'more'"],
    [["-A", "tasks.ts", "beat", "--lease", "999ms"], "at least 1s"],
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
    [["-A", "tasks.ts", "--broker", "redis//:geheim@db/0", "queues"], '--broker: "redis//:***@db/0" is not'],
    [["-A", "tasks.ts", "queues", "--result-backend", ""], '--result-backend: "" is not a URL'],
  ])("%j", async (args, message) => {
    const { code, stdout, stderr } = await folder.run(args);
    expect(stderr).toContain(message);
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr).not.toContain("geheim");
  });
});

describe("an app that cannot be had ends with 1 and says why", () => {
  test.each([
    ["nothing.ts", ["There is no app module", "nothing.ts/index.ts"]],
    ["empty.ts", ["It exports add, none of which is an app", "export const app = createApp"]],
    ["two.ts", ["exports several apps, a, b"]],
    ["throws.ts", ["no database at postgres://me:***@db/x", "throws.ts:1"]],
    ["waits.ts", ["waits.ts cannot be loaded", 'tasks: "./tasks/*.ts"']],
    ["waits-later.ts", ['App "l" does not become ready']],
    ["cycle.ts", ["before initialization", 'tasks: "./tasks/*.ts"']],
    ["enum.ts", ["erasableSyntaxOnly"]],
    ["exits.ts", ["exits.ts, or what it imports, ended the process"]],
    ["older/tasks.ts", ["npm pkg set type=module"]],
    ["wrong.ts", ['Did you mean "broker"?']],
    ["nats.ts", ["@lovage/transport-nats", "lovage-transport-nats"]],
  ])("%s", async (app, messages) => {
    const { code, stdout, stderr } = await folder.run(["-A", app, "queues"]);
    for (const message of messages) expect(stderr).toContain(message);
    expect([code, stdout]).toEqual([1, ""]);
    expect(stderr).not.toContain("geheim");
  });

  test("a crash while it is loaded is told as Node tells it, and as no call of process.exit", async () => {
    const { code, stderr } = await folder.run(["-A", "crashes.ts", "queues"]);
    expect(stderr).toContain("Error: crash");
    expect(stderr).not.toContain("process.exit");
    expect(code).toBe(1);
  });

  test("what is told of it ends with it: the frames of the command are not the user's", async () => {
    for (const [app, last] of [
      ["throws.ts", /throws\.ts:1:\d+\)?$/],
      ["wrong.ts", /Did you mean "broker"\?\n +at [^\n]*wrong\.ts:1:\d+\)?$/],
      ["no-export.ts", /does not provide an export named 'createAp'$/],
    ] as const) {
      const { stderr } = await folder.run(["-A", app, "queues"]);
      expect(stderr.trimEnd()).toMatch(last);
    }
  });

  test("a broker inside one process cannot be looked into, nor be shared by several", async () => {
    for (const args of [["queues"], ["call", "x", "--force"], ["worker", "--processes", "2"], ["result", "x"]]) {
      const { code, stderr } = await folder.run(["-A", "memory.ts", ...args]);
      expect(stderr).toContain("lives inside one process");
      expect(stderr).toContain("sqlite:.lovage/queue.db");
      expect(code).toBe(1);
    }
  });

  test.each([
    ["own-results.ts", "the result backend"],
    ["own-locks.ts", "the coordination"],
  ])("several processes of %s would each have %s of their own", async (file, part) => {
    const { code, stderr } = await folder.run(["-A", file, "worker", "--processes", "2"]);
    expect(stderr).toContain(`${part} of app`);
    expect(stderr).toContain("lives inside one process");
    expect(code).toBe(1);
  });

  test("several brokers may be given as in the environment, and the first that answers is taken", async () => {
    const brokers = "postgres://127.0.0.1:1/x; sqlite:second.db";
    const { code, stderr } = await folder.run(["-A", "resultless.ts", "--broker", brokers, "queues"]);
    expect(stderr).toContain("There are no queues yet. The broker is postgres://127.0.0.1:1/x, sqlite:second.db.");
    expect([code, existsSync(path.join(folder.path, "second.db"))]).toEqual([0, true]);
  });

  test("a result that is kept nowhere is not waited for, and nothing is sent", async () => {
    const { code, stderr } = await folder.run(["-A", "resultless.ts", "call", "x", "--force", "--wait"]);
    expect(code).toBe(1);
    expect(stderr).toContain('App "r" has no result backend');
    expect((await folder.run(["-A", "resultless.ts", "queues"])).stderr).toContain("There are no queues yet.");
  });
});

describe("where what is written is not taken", () => {
  test("notes and logs are lost, the work is not", async () => {
    const { code } = await folder.run(["-A", "resultless.ts", "--broker", "sqlite:full.db", "queues"], {
      nodeOptions: ["--import", full("stderr")],
    });
    expect([code, existsSync(path.join(folder.path, "full.db"))]).toEqual([0, true]);
  });

  test("what was asked for is a failure", async () => {
    const args = ["-A", "resultless.ts", "--broker", "sqlite:full.db", "queues", "--json"];
    const { code, stderr } = await folder.run(args, { nodeOptions: ["--import", full("stdout")] });
    expect(stderr).toContain("cannot be written: ENOSPC: no space left on device.");
    expect(code).toBe(1);
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
