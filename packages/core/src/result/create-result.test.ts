import { virtualClock } from "@lovage/foundation";
import { describe, expect, test, vi } from "vitest";
import type { AppOptions } from "../app/app-options.ts";
import { createApp } from "../app/create-app.ts";
import { runtimeOf } from "../app/runtime-of.ts";
import { decodeRevoke } from "../control/revoke-message.ts";
import { describeError } from "../protocol/describe-error.ts";
import { fakeConnection } from "../test-support/fake-connection.ts";
import { memoryBackend, resultPut } from "../test-support/memory-results.ts";
import { recordedLog } from "../test-support/recorded-log.ts";
import { RemoteTaskError } from "./errors.ts";

async function setUp(options: AppOptions = {}) {
  const clock = virtualClock();
  const { results, ...backend } = await memoryBackend(clock);
  const connection = fakeConnection();
  const whole = { ...backend, results, sweep: async () => 0, close: async () => {} };
  const app = createApp({ broker: connection, backend: whole, clock, log: recordedLog(), ...options });
  return { app, clock, connection, results, result: app.result("a") };
}

const withCode = (code: string, more: Record<string, unknown> = {}): Error =>
  expect.objectContaining({ code, ...more }) as Error;

describe("get", () => {
  test("gives what the task returned, as often as it is asked", async () => {
    const { results, result } = await setUp();
    await results.put([resultPut({ taskId: "a", state: "SUCCESS", value: { at: new Date(5), n: [1, null] } })]);
    await expect(result.get()).resolves.toEqual({ at: new Date(5), n: [1, null] });
    await expect(result.get({ timeout: "10s" })).resolves.toEqual({ at: new Date(5), n: [1, null] });
  });

  test("reads a time of Python's without an offset in the zone of the app", async () => {
    const { results, result } = await setUp({ timezone: "America/New_York" });
    const value = { __type__: "datetime", __value__: "2026-07-01T08:00:00" };
    const document = JSON.stringify({ status: "SUCCESS", result: value, task_id: "a" });
    await results.put([{ taskId: "a", state: "SUCCESS", document, fence: null, expiresInMs: 1_000 }]);
    expect(await result.get()).toEqual(new Date("2026-07-01T12:00:00Z"));
    expect(await result.info()).toEqual(new Date("2026-07-01T12:00:00Z"));
  });

  test("reads it so the first time, too, where the zone stands in the configuration file", async () => {
    const { app, results, result } = await setUp();
    const value = { __type__: "datetime", __value__: "2026-07-01T08:00:00" };
    const document = JSON.stringify({ status: "SUCCESS", result: value, task_id: "a" });
    await results.put([{ taskId: "a", state: "SUCCESS", document, fence: null, expiresInMs: 1_000 }]);
    const runtime = runtimeOf(app);
    const settings = vi.spyOn(runtime, "settings", "get");
    const given = runtime.settings;
    vi.spyOn(runtime, "ready").mockImplementation(async () => {
      settings.mockReturnValue({ ...given, timezone: "America/New_York" });
    });
    expect(await result.get()).toEqual(new Date("2026-07-01T12:00:00Z"));
  });

  test("throws what the task threw, with its name, message and stack", async () => {
    const { results, result } = await setUp();
    const exception = describeError(new RangeError("too far"));
    await results.put([resultPut({ taskId: "a", state: "FAILURE", exception })]);
    const error = await result.get().then(
      () => expect.unreachable(),
      (thrown: unknown) => thrown as RemoteTaskError,
    );
    expect(error).toMatchObject({ name: "RangeError", message: "too far", code: "REMOTE_TASK_FAILED", taskId: "a" });
    expect(error).toBeInstanceOf(RemoteTaskError);
    expect(error.exceptionModule).toBe("js");
    expect(error.remoteStack).toBe(exception.traceback);
    expect(error.stack).toMatch(/^RangeError: too far\n[^]*-- in task a, received --\n {4}at /);
    expect(error.toJSON()).toMatchObject({ name: "RangeError", code: "REMOTE_TASK_FAILED" });
  });

  test("throws the errors of Python as well", async () => {
    const { results, result } = await setUp();
    const document = JSON.stringify({
      status: "FAILURE",
      result: { exc_type: "ValueError", exc_message: ["boom", 42], exc_module: "builtins" },
      traceback: "Traceback (most recent call last):\n  ...\nValueError: ('boom', 42)",
      task_id: "a",
    });
    await results.put([{ taskId: "a", state: "FAILURE", document, fence: null, expiresInMs: 1_000 }]);
    await expect(result.get()).rejects.toMatchObject({
      name: "ValueError",
      message: "boom, 42",
      exceptionModule: "builtins",
      exceptionArgs: ["boom", 42],
      remoteStack: expect.stringContaining("Traceback") as string,
    });
  });

  test("throws TaskRevokedError for what was cancelled", async () => {
    const { result } = await setUp();
    await result.cancel();
    await expect(result.get()).rejects.toThrow(
      withCode("TASK_REVOKED", { name: "TaskRevokedError", reason: "revoked" }),
    );
  });

  test("throws TimeoutError when the time is over, whatever there is", async () => {
    const { clock, result } = await setUp();
    const outcome = result.get({ timeout: "10s" }).catch((error: unknown) => error);
    await clock.advance(10_000);
    expect(await outcome).toMatchObject({
      code: "RESULT_TIMEOUT",
      message: expect.stringContaining("Nothing is stored for it") as string,
    });
    expect(clock.pending).toBe(0);
  });

  test("throws NoResultBackendError at once without a backend, and for a call without a result", async () => {
    const app = createApp({ broker: fakeConnection(), log: recordedLog() });
    await expect(app.result("a").get()).rejects.toThrow(withCode("NO_RESULT_BACKEND"));
    await expect(app.result("a").state()).rejects.toThrow(withCode("NO_RESULT_BACKEND"));
    const ignored = await app.task("t", { ignoreResult: true }, () => 1).delay();
    await expect(ignored.get()).rejects.toThrow(withCode("NO_RESULT_BACKEND"));
    await expect(ignored.state()).rejects.toThrow(/ignoreResult/);
  });

  test.each([-1, Number.NaN, "soon"])("with a timeout of %o is refused", async (timeout) => {
    const { result } = await setUp();
    await expect(result.get({ timeout: timeout as number })).rejects.toThrow(
      withCode("OPTION_INVALID", { field: "timeout" }),
    );
  });

  test("ends in time although the backend does not even open", async () => {
    const clock = virtualClock();
    const never = { url: "lost:x" };
    const app = createApp({ broker: fakeConnection(), backend: never, clock, log: recordedLog() });
    await expect(app.result("a").get({ timeout: 100 })).rejects.toThrow(withCode("DRIVER_NOT_FOUND"));
    expect(clock.pending).toBe(0);
  });
});

describe("looking", () => {
  test("tells the state and what is stored with it", async () => {
    const { results, result } = await setUp();
    expect([await result.state(), await result.info(), await result.ready()]).toEqual(["PENDING", undefined, false]);
    await results.put([resultPut({ taskId: "a", state: "PROGRESS", value: { done: 1 } })]);
    expect([await result.state(), await result.info(), await result.ready()]).toEqual(["PROGRESS", { done: 1 }, false]);
    await results.put([resultPut({ taskId: "a", state: "FAILURE", exception: describeError(new Error("no")) })]);
    expect([await result.failed(), await result.successful(), await result.ready()]).toEqual([true, false, true]);
    expect(await result.info()).toMatchObject({ code: "REMOTE_TASK_FAILED", message: "no" });
    await results.put([resultPut({ taskId: "a", state: "SUCCESS", value: 5 })]);
    expect([await result.failed(), await result.successful(), await result.info()]).toEqual([false, true, 5]);
  });

  test("at many in one turn reads once", async () => {
    const { app, results } = await setUp();
    const reads: (readonly string[])[] = [];
    const { get } = results;
    Object.assign(results, {
      get: (ids: readonly string[]) => {
        reads.push(ids);
        return get.call(results, ids);
      },
    });
    await results.put([resultPut({ taskId: "c", state: "SUCCESS", value: 3 })]);
    const states = await Promise.all(["a", "b", "c", "a"].map((id) => app.result(id).state()));
    expect(states).toEqual(["PENDING", "PENDING", "SUCCESS", "PENDING"]);
    expect(reads).toEqual([["a", "b", "c", "a"]]);
  });

  test("forgetting removes it, and the handle says so", async () => {
    const { app, results, result } = await setUp();
    await results.put([resultPut({ taskId: "a", state: "SUCCESS", value: 5 })]);
    await result.forget();
    await result.forget();
    expect(await app.result("a").state()).toBe("PENDING");
    await expect(result.get()).rejects.toThrow(withCode("RESULT_EXPIRED"));
    await expect(result.get()).rejects.toThrow("was forgotten by this handle");
  });

  test("one that has expired reads as one that was never there", async () => {
    const { clock, results, result } = await setUp();
    await results.put([resultPut({ taskId: "a", state: "SUCCESS", value: 5 })]);
    await clock.advance(61_000);
    expect(await result.state()).toBe("PENDING");
    const waiting = result.get({ timeout: "1s" });
    void clock.advance(1_001);
    await expect(waiting).rejects.toThrow(withCode("RESULT_TIMEOUT"));
  });
});

describe("cancel", () => {
  test("stores REVOKED for workers to read, and tells those that listen", async () => {
    const { connection, results, result } = await setUp();
    await expect(result.cancel({ terminate: true })).resolves.toBe(true);
    expect(await result.state()).toBe("REVOKED");
    expect((await results.revocations()).taskIds).toEqual(["a"]);
    const [{ channel, message } = expect.unreachable()] = connection.broadcasts;
    expect(channel).toBe("celery.pidbox");
    expect(decodeRevoke(message, "any")).toEqual({ taskIds: ["a"], terminate: true });
  });

  test.each(["SUCCESS", "FAILURE"])("comes too late for a task that has ended with %s", async (state) => {
    const { connection, results, result } = await setUp();
    await results.put([resultPut({ taskId: "a", state, value: 5 })]);
    await expect(result.cancel()).resolves.toBe(false);
    expect([await result.state(), connection.broadcasts]).toEqual([state, []]);
  });

  test("twice is as good as once", async () => {
    const { result } = await setUp();
    expect([await result.cancel(), await result.cancel()]).toEqual([true, true]);
  });

  test("without a backend is a broadcast; without that too it cannot be done", async () => {
    const connection = fakeConnection();
    const app = createApp({ broker: connection, log: recordedLog() });
    await expect(app.result("a").cancel()).resolves.toBe(true);
    expect(connection.broadcasts).toHaveLength(1);
    const { broadcast: _broadcast, ...mute } = fakeConnection();
    const other = createApp({ broker: mute as typeof connection, log: recordedLog() });
    await expect(other.result("a").cancel()).rejects.toThrow(withCode("NO_RESULT_BACKEND"));
  });
});

describe("what is wrong is told", () => {
  test("a mistyped option, which would otherwise mean to wait for ever", async () => {
    const { result } = await setUp();
    const wrong = withCode("OPTION_INVALID", {
      field: "timout",
      message: 'get has no option "timout". Did you mean "timeout"?',
    });
    await expect(result.get({ timout: "1s" } as never)).rejects.toThrow(wrong);
    await expect(result.get(3 as never)).rejects.toThrow(withCode("OPTION_INVALID", { field: "options" }));
    await expect(result.cancel({ terminat: true } as never)).rejects.toThrow(withCode("OPTION_INVALID"));
  });

  test.each([[""], [3], [undefined], ["x".repeat(201)]])("%o is no id of a call", async (id) => {
    const { app } = await setUp();
    expect(() => app.result(id as never)).toThrow(withCode("OPTION_INVALID", { field: "taskId" }));
  });
});
