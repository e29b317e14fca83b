import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { ConfigurationLayers } from "./configuration-layers.ts";

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(path.join(tmpdir(), "lovage-configuration-"));
});

afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(directory, { recursive: true });
});

const writeConfiguration = (source: string, ending = "mjs"): Promise<void> =>
  writeFile(path.join(directory, `lovage.config.${ending}`), source);

describe("defaults", () => {
  test("an app that is told nothing uses the embedded SQLite file for both", () => {
    const { broker, backend, settings } = new ConfigurationLayers({}).configuration;
    expect(broker).toEqual({ locations: [{ url: "sqlite:.lovage/queue.db" }] });
    expect(backend).toEqual(broker);
    expect(settings).toEqual({
      defaultQueue: "default",
      maxDeliveries: 3,
      concurrency: 10,
      prefetch: "auto",
      shutdownGraceMs: 25_000,
      unknownTaskTtlMs: 3_600_000,
      maxPayloadBytes: 262_144,
      acceptContent: ["application/json"],
      timezone: "UTC",
    });
  });

  test("an app with a broker and no backend has no backend", () => {
    expect(new ConfigurationLayers({ broker: "memory:" }).configuration.backend).toBeUndefined();
  });

  test("an app with a backend alone has the embedded broker", () => {
    const { broker, backend } = new ConfigurationLayers({ backend: "memory:" }).configuration;
    expect(broker).toEqual({ locations: [{ url: "sqlite:.lovage/queue.db" }] });
    expect(backend).toEqual({ locations: [{ url: "memory:" }] });
  });
});

describe("precedence", () => {
  test("a flag stands above createApp, that above the environment, that above the file", async () => {
    await writeConfiguration(
      `export default { name: "file", defaultQueue: "file", concurrency: 1, maxDeliveries: 7, logLevel: "warn" };`,
    );
    vi.stubEnv("LOVAGE_NAME", "environment");
    vi.stubEnv("LOVAGE_DEFAULT_QUEUE", "environment");
    vi.stubEnv("LOVAGE_CONCURRENCY", "2");
    const layers = new ConfigurationLayers({ name: "app", defaultQueue: "app" });
    layers.override({ options: { name: "flag" } });
    await layers.load(directory);
    const { name, settings, logLevel } = layers.configuration;
    expect([name, settings.defaultQueue, settings.concurrency, settings.maxDeliveries, logLevel]).toEqual([
      "flag",
      "app",
      2,
      7,
      "warn",
    ]);
  });

  test("the file may be TypeScript, and is not needed", async () => {
    const layers = new ConfigurationLayers({});
    await layers.load(directory);
    expect(layers.configuration.name).toBe("lovage");
    await writeConfiguration(`const name: string = "typed"; export default { name };`, "ts");
    await layers.load(directory);
    expect(layers.configuration.name).toBe("typed");
  });
});

describe("the environment", () => {
  test("URLs, lists, numbers and durations are read", () => {
    vi.stubEnv("LOVAGE_BROKER_URL", "redis://a;redis://b:1,c:2");
    vi.stubEnv("LOVAGE_RESULT_BACKEND", "redis://c");
    vi.stubEnv("LOVAGE_ACCEPT_CONTENT", "application/json, application/x-msgpack");
    vi.stubEnv("LOVAGE_PREFETCH", "auto");
    vi.stubEnv("LOVAGE_TIMEZONE", "Europe/Berlin");
    vi.stubEnv("LOVAGE_SHUTDOWN_GRACE", "5s");
    vi.stubEnv("LOVAGE_UNKNOWN_TASK_TTL", "250ms");
    const { broker, backend, settings } = new ConfigurationLayers({}).configuration;
    expect(broker).toEqual({ locations: [{ url: "redis://a" }, { url: "redis://b:1,c:2" }] });
    expect(backend).toEqual({ locations: [{ url: "redis://c" }] });
    expect(settings).toMatchObject({ prefetch: "auto", shutdownGraceMs: 5_000, unknownTaskTtlMs: 250 });
    expect(settings.acceptContent).toEqual(["application/json", "application/x-msgpack"]);
    expect(settings.timezone).toBe("Europe/Berlin");
  });

  test.each([
    ["JSON", ["application/json"]],
    ["Application/Json; charset=utf-8,MsgPack", ["application/json", "application/x-msgpack"]],
    ["pickle, json, yaml", ["application/x-python-serialize", "application/json", "application/x-yaml"]],
  ])("content types %s are %o, however they are written", (text, types) => {
    vi.stubEnv("LOVAGE_ACCEPT_CONTENT", text);
    expect(new ConfigurationLayers({}).configuration.settings.acceptContent).toEqual(types);
  });

  test("a bad value names its variable", () => {
    vi.stubEnv("LOVAGE_CONCURRENCY", "many");
    vi.stubEnv("LOVAGE_BROKER_URL", "localhost");
    expect(() => new ConfigurationLayers({})).toThrow(
      /of the environment are not valid.*LOVAGE_BROKER_URL: .*LOVAGE_CONCURRENCY: /,
    );
  });

  test.each(["25", "1.5"])("a duration has a unit: %s could be seconds or milliseconds", (text) => {
    vi.stubEnv("LOVAGE_SHUTDOWN_GRACE", text);
    expect(() => new ConfigurationLayers({})).toThrow(
      expect.objectContaining({
        code: "CONFIGURATION_INVALID",
        message: expect.stringContaining(
          `LOVAGE_SHUTDOWN_GRACE is ${text}. Say the unit: ${text}ms, ${text}s`,
        ) as string,
      }),
    );
  });

  test("a zone that nobody knows is told", () => {
    expect(() => new ConfigurationLayers({ timezone: "Europe/Atlantis" })).toThrow(
      /options of createApp are not valid.*timezone must be a name of the IANA database/,
    );
  });

  test("an empty variable says nothing", () => {
    vi.stubEnv("LOVAGE_NAME", "");
    expect(new ConfigurationLayers({}).configuration.name).toBe("lovage");
  });

  test("an unknown variable is warned of, with a suggestion", () => {
    vi.stubEnv("LOVAGE_BROKER", "redis://a");
    expect(new ConfigurationLayers({}).warning()).toMatch(/LOVAGE_BROKER \(did you mean LOVAGE_BROKER_URL\?\)/);
  });

  test.each(["LOVAGE_BACKEND", "LOVAGE_BACKEND_URL", "LOVAGE_RESULT_BACKEND_URL"])(
    "%s is no mistyped broker, and means the result backend",
    (name) => {
      vi.stubEnv(name, "redis://h");
      expect(new ConfigurationLayers({}).warning()).toContain(`${name} (did you mean LOVAGE_RESULT_BACKEND?)`);
    },
  );
});

describe("faults", () => {
  test.each([
    [{ brokr: "x" }, /Unknown option "brokr"\. Did you mean "broker"\?/],
    [{ queues: { a: { consumer: "celery" } } }, /Unknown option "queues\.a\.consumer"\. Did you mean "consumers"\?/],
    [{ name: "a b" }, /name: "a b" is not a valid app name/],
    [{ queues: { "a b": {} } }, /"a b" is not a valid queue name/],
    [{ queues: { a: { consumers: "nobody" } } }, /queues\.a\.consumers/],
    [{ broker: "localhost" }, /broker: .*not a URL with a scheme/],
    [{ broker: [] }, /broker must be a URL/],
    [{ broker: { host: "a" } }, /broker must be a URL/],
    [{ backend: 3 }, /backend must be a URL/],
    [{ routes: { a: "b c" } }, /"b c" is not a valid queue name/],
    [{ routes: 3 }, /routes: expected an object/],
    [{ tasks: [3] }, /tasks: expected a glob/],
    [{ taskDefaults: { maxRetry: 3 } }, /no option "maxRetry"\. Did you mean "maxRetries"\?/],
    [{ taskDefaults: 3 }, /taskDefaults: expected an object/],
    [{ concurrency: 0 }, /concurrency/],
    [{ prefetch: "many" }, /prefetch: expected a whole number/],
    [{ maxDeliveries: 1.5 }, /maxDeliveries/],
    [{ shutdownGrace: "soon" }, /shutdownGrace must be a duration/],
    [{ acceptContent: ["json", "jsn"] }, /acceptContent: "jsn" is no content type .*Did you mean "json"\?/],
    [{ acceptContent: ["application/jsn"] }, /Did you mean "application\/json"\?/],
    [{ acceptContent: ["msgpack"] }, /acceptContent: "json" must be among them/],
    [{ acceptContent: [] }, /acceptContent: "json" must be among them/],
    [{ acceptContent: "json" }, /acceptContent: expected an array/],
    [{ acceptContent: [3] }, /acceptContent: 3 is no content type/],
    [{ logLevel: "loud" }, /logLevel/],
    [{ clock: {} }, /clock/],
    [null, /createApp/],
  ])("%o is refused", (options, message) => {
    const make = (): unknown => new ConfigurationLayers(options as never);
    expect(make).toThrow(message);
    expect(make).toThrow(expect.objectContaining({ code: "CONFIGURATION_INVALID" }) as Error);
  });

  test("a secret in a bad URL is masked", () => {
    expect(() => new ConfigurationLayers({ broker: ["redis:x", "//user:hunter2@host"] })).toThrow(/user:\*\*\*@host/);
  });

  test("keys that reach into prototypes pollute nothing", () => {
    const options = JSON.parse('{"__proto__": {"polluted": 1}, "queues": {"__proto__": {"polluted": 1}}}') as never;
    expect(() => new ConfigurationLayers(options)).toThrow(/not valid/);
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  });

  test.each([
    [`export default { brokr: 1 };`, /lovage\.config\.mjs.*brokr/],
    [`export const broker = "memory:";`, /must export the options of the app by default/],
    [`throw new Error("boom");`, /cannot be loaded: boom/],
    [`export default { log: console };`, /lovage\.config\.mjs are not valid\. log is taken from createApp alone/],
    [`export default { name: "a", clock: {} };`, /clock is taken from createApp alone/],
  ])("a file with %s is refused", async (source, message) => {
    await writeConfiguration(source);
    await expect(new ConfigurationLayers({}).load(directory)).rejects.toThrow(message);
  });

  test("two files are refused", async () => {
    await writeConfiguration("export default {}");
    await writeConfiguration("export default {}", "js");
    await expect(new ConfigurationLayers({}).load(directory)).rejects.toThrow(/two configuration files/);
  });
});
