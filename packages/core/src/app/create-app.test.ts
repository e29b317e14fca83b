import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { BackendUnavailableError } from "@lovage/backend";
import type { VirtualClock } from "@lovage/foundation";
import { virtualClock } from "@lovage/foundation";
import { TransportUnavailableError } from "@lovage/transport";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { z } from "zod";
import { fakeConnection } from "../test-support/fake-connection.ts";
import { memoryBackend } from "../test-support/memory-results.ts";
import { recordedLog } from "../test-support/recorded-log.ts";
import type { App } from "./app.ts";
import { createApp } from "./create-app.ts";
import { defineTask } from "./define-task.ts";
import { overrideConfiguration, runtimeOf } from "./runtime-of.ts";

const withCode = (code: string, more: Record<string, unknown> = {}): Error =>
  expect.objectContaining({ code, ...more }) as Error;

const one = (): number => 1;

const makeApp = (options: Parameters<typeof createApp>[0] = {}) => {
  const connection = fakeConnection();
  const app = createApp({ broker: connection, log: recordedLog(), ...options });
  return { app, connection };
};

describe("a task", () => {
  test("is the function that it was made of", () => {
    const { app } = makeApp();
    const add = app.task("add", (x: number, y: number) => x + y);
    expect(add(1, 2)).toBe(3);
    expect(add.name).toBe("add");
  });

  test("checks its arguments when it is called as a function", async () => {
    const { app } = makeApp();
    const double = app.task("double", { input: z.tuple([z.string().transform(Number)]) }, (n) => n * 2);
    await expect(double("21")).resolves.toBe(42);
    await expect(double(3 as never)).rejects.toThrow(withCode("PAYLOAD_INVALID"));
  });

  test("has a context of its own when it is called as a function", async () => {
    const { app } = makeApp();
    const task = app.task("bound", { bind: true }, async (self, x: number): Promise<unknown[]> => {
      await self.updateState("PROGRESS");
      const { code } = self.retry() as Error & { readonly code: string };
      return [self.name, self.retries, self.signal.aborted, x, code];
    });
    await expect(task(7)).resolves.toEqual(["bound", 0, false, 7, "RETRY_LOCAL"]);
  });

  test("that lives elsewhere cannot be called here, only sent", async () => {
    const { app, connection } = makeApp();
    const score = app.remote<(text: string) => number>("ml.score", {
      queue: "ml",
      timeLimit: "1s",
      ignoreResult: true,
    });
    expect(() => score("a")).toThrow(withCode("TASK_REMOTE"));
    await score.delay("a");
    expect(connection.published[0]).toMatchObject({
      to: "ml",
      headers: { task: "ml.score", timelimit: [1, null], ignore_result: true },
    });
  });

  test("has a name of its own in its app", () => {
    const { app } = makeApp();
    app.remote("add");
    app.task("add", () => 1);
    app.remote("add");
    expect(() => app.task("add", () => 2)).toThrow(withCode("CONFIGURATION_INVALID"));
  });

  test.each(["", 3, " a", "a\nb", "__proto__", "x".repeat(256)])("cannot be called %o", (name) => {
    const { app } = makeApp();
    expect(() => app.task(name as string, () => 1)).toThrow(withCode("NAME_INVALID"));
  });

  test.each<readonly [string, readonly unknown[]]>([
    ["handler", [{}]],
    ["handler", []],
    ["options", [3, one]],
    ["input", [{ input: {} }, one]],
    ["maxRetries", [{ maxRetries: -1 }, one]],
  ])("with a bad %s is refused", (field, args) => {
    const { app } = makeApp();
    const make = app.task as unknown as (...given: readonly unknown[]) => unknown;
    expect(() => make("t", ...args)).toThrow(withCode("OPTION_INVALID", { field }));
  });
});

describe("a task without an app", () => {
  test("can be called at once, and sent once an app has it", async () => {
    const resize = defineTask("img.resize", (file: string) => file.length);
    expect(resize("abc")).toBe(3);
    await expect(resize.delay("abc")).rejects.toThrow(withCode("TASK_UNBOUND"));
    const { app, connection } = makeApp({ tasks: [resize] });
    await resize.delay("abc");
    expect(connection.published).toHaveLength(1);
    expect(runtimeOf(app).tasks.names()).toEqual(["img.resize"]);
    await app.close();
    await expect(resize.delay("abc")).rejects.toThrow(withCode("TASK_UNBOUND"));
  });

  test("goes through the app that bound it last and is open", async () => {
    const ping = defineTask("ping", () => {});
    const first = makeApp({ tasks: [ping] });
    const second = makeApp({ tasks: [ping] });
    await ping.delay();
    await second.app.close();
    await ping.delay();
    expect([first.connection.published.length, second.connection.published.length]).toEqual([1, 1]);
  });
});

describe("an app", () => {
  test("opens nothing before it is needed", async () => {
    const app = createApp({ broker: "nonsense-scheme:x" });
    app.task("t", () => 1);
    await app.ready();
    await expect(app.close()).resolves.toBeUndefined();
  });

  test("names the package to install for a broker that it does not know", async () => {
    const app = createApp({ broker: "nonsense:x", backend: "nonsense:x" });
    await expect(app.queue("a").stats()).rejects.toThrow(withCode("DRIVER_NOT_FOUND"));
    await app.close();
  });

  test("closes once, as often as it is told to, and leaves open what the user has opened", async () => {
    const clock = virtualClock();
    const backend = await memoryBackend(clock);
    const { app, connection } = makeApp({ backend, clock });
    const task = app.task("t", () => 1);
    const result = await task.delay();
    const outcome = result.get().catch((error: unknown) => error);
    await clock.advance(0);
    await Promise.all([app.close(), app.close()]);
    await app.close();
    expect(await outcome).toMatchObject({ code: "CLOSED" });
    expect(connection.closed).toBe(0);
    await expect(backend.results.get(["a"])).resolves.toEqual([undefined]);
    await expect(task.delay()).rejects.toThrow(withCode("CLOSED"));
    await expect(app.ready()).rejects.toThrow(withCode("CLOSED"));
    await backend.close();
  });

  test("is closed at the end of the block that it is made in", async () => {
    let task: { delay(): Promise<unknown> };
    {
      await using app = createApp({ broker: fakeConnection() });
      task = app.task("t", () => 1);
    }
    await expect(task.delay()).rejects.toThrow(withCode("CLOSED"));
  });

  test("obeys the command line above its own options", async () => {
    const { app } = makeApp({ defaultQueue: "own" });
    overrideConfiguration(app, { options: { defaultQueue: "flag" } });
    await app.ready();
    expect(runtimeOf(app).settings.defaultQueue).toBe("flag");
  });

  test("tells which queues its tasks are run from", () => {
    const { app } = makeApp({ routes: { "img.*": "images" } });
    app.task("img.a", () => 1);
    app.task("b", { queue: "mail" }, () => 1);
    app.remote("c", { queue: "elsewhere" });
    expect(runtimeOf(app).tasks.queues()).toEqual(["images", "mail"]);
  });

  test("takes its default queue where a task is routed there, or nothing else is", () => {
    const { app } = makeApp({ defaultQueue: "main" });
    app.remote("c");
    expect(runtimeOf(app).tasks.queues()).toEqual(["main"]);
    app.task("a", { queue: "mail" }, () => 1);
    expect(runtimeOf(app).tasks.queues()).toEqual(["mail"]);
    app.task("b", () => 1);
    expect(runtimeOf(app).tasks.queues()).toEqual(["mail", "main"]);
  });

  test("gives its tasks the defaults of the configuration", () => {
    const { app } = makeApp({ taskDefaults: { maxRetries: 9 } });
    app.task("a", () => 1);
    app.task("b", { maxRetries: 1 }, () => 1);
    const { tasks } = runtimeOf(app);
    expect([tasks.get("a")?.options.maxRetries, tasks.get("b")?.options.maxRetries]).toEqual([9, 1]);
    expect(tasks.get("c")).toBeUndefined();
  });

  test("is told apart from what is none", () => {
    expect(() => runtimeOf({} as never)).toThrow(withCode("CONFIGURATION_INVALID"));
  });
});

describe("several places", () => {
  test("a broker that is away is passed over; when all are, each is named", async () => {
    const driver = path.join(directory, "node_modules", "lovage-transport-fakes");
    await writeDriver(driver);
    const app = createApp({ broker: ["fakes:down-a", "fakes:up"], from: directory, log: recordedLog() });
    await expect(runtimeOf(app).connection()).resolves.toMatchObject({ url: "fakes:up" });
    await app.close();
    const dead = createApp({ broker: ["fakes:down-a", "fakes:down-b"], from: directory, log: recordedLog() });
    await expect(runtimeOf(dead).connection()).rejects.toThrow(
      expect.objectContaining({
        code: "TRANSPORT_UNAVAILABLE",
        message: expect.stringMatching(/None of fakes:down-a, fakes:down-b can be reached/) as string,
      }) as Error,
    );
    await expect(runtimeOf(dead).connection()).rejects.toThrow(withCode("TRANSPORT_UNAVAILABLE"));
    await dead.close();
  });

  test("an option that the driver does not know is refused, wherever else there is a broker", async () => {
    await writeDriver(path.join(directory, "node_modules", "lovage-transport-fakes"));
    const broker = [{ url: "fakes:up", colour: "red" }, "fakes:up"];
    const app = createApp({ broker, from: directory, log: recordedLog() });
    await expect(runtimeOf(app).connection()).rejects.toThrow(withCode("CONFIGURATION_INVALID"));
    await app.close();
  });
});

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(path.join(tmpdir(), "lovage-app-"));
});

afterEach(async () => {
  vi.restoreAllMocks();
  await rm(directory, { recursive: true });
});

/** A driver that opens what does not contain "down", and refuses all options. */
async function writeDriver(folder: string): Promise<void> {
  const { mkdir } = await import("node:fs/promises");
  await mkdir(folder, { recursive: true });
  await writeFile(
    path.join(folder, "package.json"),
    '{"type":"module","exports":"./index.js","name":"lovage-transport-fakes"}',
  );
  await writeFile(
    path.join(folder, "index.js"),
    `export const transport = {
      schemes: ["fakes"],
      options: { "~standard": { version: 1, vendor: "test", validate: (value) =>
        Object.keys(value).length === 0 ? { value } : { issues: [{ message: "unknown option" }] } } },
      open: async ({ url }) => {
        if (!url.includes("down")) return { url, close: async () => {} };
        const error = new Error(url + " is down");
        Object.assign(error, { code: "TRANSPORT_UNAVAILABLE", retryable: true, [Symbol.for("lovage.error")]: true });
        throw error;
      },
    };`,
  );
}

describe("modules of tasks", () => {
  test("are found by glob from the working directory, and bound", async () => {
    vi.spyOn(process, "cwd").mockReturnValue(directory);
    const tasks = new URL("define-task.ts", import.meta.url).href;
    await writeFile(
      path.join(directory, "a.ts"),
      `import { defineTask } from ${JSON.stringify(tasks)}; export const a: unknown = defineTask("found.a", () => 1); export const other = 3;`,
    );
    const { app } = makeApp({ tasks: "./*.ts" });
    await app.ready();
    await app.ready();
    expect(runtimeOf(app).tasks.names()).toEqual(["found.a"]);
  });

  test.each([
    [{ tasks: "./nothing/**/*.ts" }, /No module fits the glob/],
    [{ include: ["./absent.ts"] }, /There is no module .*absent\.ts/],
    [{ include: ["./broken.mjs"] }, /broken\.mjs cannot be loaded: boom/],
  ])("that are not there, or do not load, are named: %o", async (options, message) => {
    vi.spyOn(process, "cwd").mockReturnValue(directory);
    await writeFile(path.join(directory, "broken.mjs"), `throw new Error("boom");`);
    const { app } = makeApp(options);
    await expect(app.ready()).rejects.toThrow(message);
    await expect(app.ready()).rejects.toThrow(withCode("CONFIGURATION_INVALID"));
    await app.close();
  });
});

describe("a module that waits for the app which loads it", () => {
  const shared = globalThis as { lovageTestCall?: () => Promise<unknown> };

  const load = async (text: string, clock: VirtualClock): Promise<{ app: App; loading: Promise<void> }> => {
    vi.spyOn(process, "cwd").mockReturnValue(directory);
    await writeFile(path.join(directory, "waits.mjs"), text);
    const { app } = makeApp({ include: ["./waits.mjs"], clock });
    const task = app.task("t", () => 1);
    shared.lovageTestCall = () => task.delay();
    return { app, loading: app.ready() };
  };

  test("gets an error that says so, and names it, instead of waiting for ever", async () => {
    const clock = virtualClock();
    const { app, loading } = await load("await globalThis.lovageTestCall();", clock);
    const outcome = loading.catch(String);
    await vi.waitFor(() => expect(clock.pending).toBeGreaterThan(0), { timeout: 20_000 });
    await clock.advance(5_000);
    expect(await outcome).toMatch(/waits\.mjs cannot be loaded: A module of tasks waits for app/);
    await app.close();
  });

  test("may call a task without waiting for it", async () => {
    const { app, loading } = await load("globalThis.sent = globalThis.lovageTestCall();", virtualClock());
    await loading;
    await expect((globalThis as { sent?: Promise<unknown> }).sent).resolves.toHaveProperty("id");
    await app.close();
  });
});

describe("sending while a store is away", () => {
  test("a broker that cannot be declared to is an error each time, until it is back", async () => {
    const { app, connection } = makeApp();
    const task = app.task("t", () => 1);
    connection.failWith = new TransportUnavailableError("away");
    await expect(task.delay()).rejects.toThrow(withCode("TRANSPORT_UNAVAILABLE"));
    connection.failWith = undefined;
    await task.delay();
    expect(connection.published).toHaveLength(1);
  });

  test("a result backend that is away stops nobody from sending", async () => {
    const { app, connection } = makeApp();
    vi.spyOn(runtimeOf(app), "backend").mockRejectedValue(new BackendUnavailableError("away"));
    await app.task("t", () => 1).delay();
    expect(connection.published).toHaveLength(1);
  });
});
