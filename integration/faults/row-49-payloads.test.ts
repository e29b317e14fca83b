import { expect } from "vitest";
import type { TaskHandler } from "lovage";
import { textLike } from "../scene/expected-text.ts";
import { countsOf } from "../scene/counts-of.ts";
import { fault } from "../scene/fault.ts";

const maxPayloadBytes = 262_144;
/** `[["…"],{},{…}]`: what surrounds one text among the arguments. */
const text = (bytes: number): string => "x".repeat(bytes);

fault(49, "arguments over the limit are refused before anything is stored, those up to it travel", async (scene) => {
  const app = scene.createApp();
  const size = app.task("size", (value: string) => value.length);
  await using worker = app.worker();
  await worker.start();
  const largest = await largestAccepted((bytes) => size.delay(text(bytes)));
  expect(await size.delay(text(largest)).then((result) => result.get({ timeout: "10s" }))).toBe(largest);
  expect(largest, "the limit is the broker's, less what headers take").toBeGreaterThan(maxPayloadBytes - 4_096);
  await expect(size.delay(text(largest + 1))).rejects.toMatchObject({
    code: textLike(/^(PAYLOAD|MESSAGE)_TOO_LARGE$/u),
  });
  await expect(size.delay(text(50 * 1024 * 1024))).rejects.toMatchObject({ code: "PAYLOAD_TOO_LARGE" });
  await worker.stop();
  expect(await countsOf(app)).toMatchObject({ ready: 0, unsettled: 0, dead: 0 });
});

const deep = (levels: number): unknown => {
  let value: unknown = 1;
  for (let level = 0; level < levels; level += 1) value = [value];
  return value;
};
const circular: Record<string, unknown> = {};
circular["inner"] = { back: circular };

const refused: readonly (readonly [what: string, value: unknown, path: RegExp])[] = [
  ["ten thousand levels", deep(10_000), /^args\[0\]/u],
  ["a circle", { a: circular }, /^args\[0\]\.a\.inner\.back/u],
  ["a BigInt", { n: 1n }, /^args\[0\]\.n/u],
  ["NaN", [1, Number.NaN], /^args\[0\]\[1\]/u],
  ["Infinity", { deep: { n: Infinity } }, /^args\[0\]\.deep\.n/u],
  ["undefined in an array", [1, undefined], /^args\[0\]\[1\]/u],
  ["a function", { f: () => 1 }, /^args\[0\]\.f/u],
  ["a symbol", { s: Symbol("s") }, /^args\[0\]\.s/u],
  ["a Map", { m: new Map() }, /^args\[0\]\.m/u],
  ["an invalid Date", { at: new Date(Number.NaN) }, /^args\[0\]\.at/u],
];

fault(49, "what no message can hold is refused at the call, and the error names its place", async (scene) => {
  const app = scene.createApp();
  const take = app.task<TaskHandler>("take", (_value: unknown) => {});
  for (const [what, value, path] of refused) {
    const call = take.applyAsync([value as never]);
    await expect(call, `for ${what}`).rejects.toMatchObject({ code: "PAYLOAD_ENCODE", path: textLike(path) });
  }
  expect(await countsOf(app)).toMatchObject({ ready: 0, delayed: 0, dead: 0 });
});

fault(49, "supported values arrive as they were, and come back as they were", async (scene) => {
  const app = scene.createApp();
  const echo = app.task("echo", (value: unknown) => value);
  await using worker = app.worker();
  await worker.start();
  const value = {
    text: 'ä "quoted" \u0000 \u2028 😀',
    number: -0.1,
    large: Number.MAX_SAFE_INTEGER,
    nothing: null,
    list: [[], {}, [[]], true],
    at: new Date("2026-01-02T03:04:05.678Z"),
    bytes: Buffer.from([0, 255, 128]),
    proto: JSON.parse('{"__proto__": {"polluted": true}, "constructor": {"prototype": 1}}') as unknown,
  };
  const back = await (await echo.delay(value)).get({ timeout: "10s" });
  expect(back).toEqual(value);
  expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  await worker.stop();
});

/** The largest size that is accepted, found by halving. */
async function largestAccepted(send: (bytes: number) => Promise<unknown>): Promise<number> {
  let accepted = maxPayloadBytes - 8_192;
  let tooLarge = maxPayloadBytes + 1;
  while (tooLarge - accepted > 1) {
    const middle = Math.floor((accepted + tooLarge) / 2);
    const isAccepted = await send(middle).then(
      () => true,
      () => false,
    );
    if (isAccepted) accepted = middle;
    else tooLarge = middle;
  }
  return accepted;
}
