import { expect } from "vitest";
import { textLike, textWith } from "../scene/expected-text.ts";
import { countsOf } from "../scene/counts-of.ts";
import { fault } from "../scene/fault.ts";

class Refusal extends Error {
  override readonly name = "Refusal";
  readonly detail: Record<string, unknown> = {};
}

function cyclic(): Error {
  const error = new Refusal("cyclic");
  error.detail["self"] = error;
  error.cause = error;
  return error;
}

function huge(): Error {
  const error = new Error("m".repeat(1_000_000));
  error.stack = "s".repeat(1_000_000);
  return error;
}

function refuse(): never {
  throw new Error("unreadable");
}

function unreadable(): unknown {
  return new Proxy({}, { get: refuse, has: refuse, ownKeys: refuse, getPrototypeOf: refuse });
}

/** What a task throws, and what its caller is then told. */
const thrown: Readonly<Record<string, readonly [value: () => unknown, told: object]>> = {
  "an error": [() => new TypeError("plain"), { name: "TypeError", message: "plain" }],
  "an error of one's own": [() => new Refusal("mine"), { name: "Refusal", message: "mine" }],
  "a text": [() => "text", { message: textWith("text") }],
  undefined: [() => undefined, { message: textWith("undefined") }],
  null: [() => null, { message: textWith("null") }],
  "a number": [() => 42, { message: textWith("42") }],
  "a frozen error": [() => Object.freeze(new RangeError("frozen")), { name: "RangeError", message: "frozen" }],
  "an error that holds itself": [cyclic, { name: "Refusal", message: "cyclic" }],
  "an error without a stack": [() => Object.assign(new Error("bare"), { stack: undefined }), { message: "bare" }],
  "an error with a BigInt": [() => Object.assign(new Error("big"), { big: 1n }), { message: "big" }],
  "a megabyte of stack and message": [huge, { message: textLike(/^m{1000,3000}/u) }],
  "a proxy that refuses everything": [unreadable, { message: textLike(/./u) }],
  "a promise": [() => Promise.resolve(1), { message: textLike(/./u) }],
};

fault(
  57,
  "whatever a task throws is stored, bounded, and the task has failed and is kept as a dead letter",
  async (scene) => {
    const app = scene.createApp();
    const fail = app.task("fail", (what: string) => {
      throw thrown[what]![0]();
    });
    const ok = app.task("ok", () => "ok");
    await using worker = app.worker();
    await worker.start();
    for (const [what, [, told]] of Object.entries(thrown)) {
      const result = await fail.delay(what);
      const error: unknown = await result.get({ timeout: "10s" }).catch((caught: unknown) => caught);
      expect(error, `for ${what}`).toMatchObject({ code: "REMOTE_TASK_FAILED", ...told });
      expect((error as Error).stack?.length, `stack of ${what}`).toBeLessThan(20_000);
      expect(await result.state(), `for ${what}`).toBe("FAILURE");
    }
    expect(await (await ok.delay()).get({ timeout: "10s" }), "the worker goes on").toBe("ok");
    await worker.stop();
    expect(await countsOf(app)).toMatchObject({
      ready: 0,
      unsettled: 0,
      dead: Object.keys(thrown).length,
    });
  },
);
