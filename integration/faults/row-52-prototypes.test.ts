import { randomUUID } from "node:crypto";
import { expect } from "vitest";
import { fault } from "../scene/fault.ts";
import { refusedCode } from "../scene/refused-code.ts";

const hostile =
  '{"__proto__": {"polluted": 1}, "constructor": {"prototype": {"polluted": 1}}, "prototype": {"polluted": 1}}';

const messageOf = (task: string, body: string, more: object = {}) => {
  const id = randomUUID();
  const headers = { lang: "js", task, id, root_id: id, retries: 0, argsrepr: "", kwargsrepr: "", ...more };
  const properties = {
    messageId: `${id}:0`,
    correlationId: id,
    contentType: "application/json",
    contentEncoding: "utf-8",
  };
  return { to: "default", headers, properties, body: Buffer.from(body) };
};

function expectClean(): void {
  for (const value of [{}, [], () => {}]) expect(Reflect.get(value, "polluted")).toBeUndefined();
}

fault(52, "names of prototypes in payloads, headers and options change no object but their own", async (scene) => {
  const app = scene.createApp();
  const seen: unknown[] = [];
  const take = app.task("take", (value: unknown) => {
    seen.push(value);
    return value;
  });
  await using worker = app.worker();
  await worker.start();
  const value: unknown = JSON.parse(hostile);
  expect(JSON.stringify(await (await take.delay(value)).get({ timeout: "10s" }))).toBe(JSON.stringify(value));
  const headers = JSON.parse('{"__proto__": "polluted", "constructor": "x"}') as Record<string, string>;
  const code = await refusedCode(take.applyAsync([1], { headers }));
  expect(["OPTION_INVALID", undefined]).toContain(code);
  const options = JSON.parse('{"__proto__": {"queue": "elsewhere"}, "countdown": 1}') as object;
  expect(await refusedCode(take.applyAsync([2], options))).toBe("OPTION_INVALID");
  expectClean();
  await worker.stop();
});

fault(
  52,
  "a message of another program cannot pollute either, in its body, its headers or the name of its task",
  async (scene) => {
    const app = scene.createApp();
    const seen: unknown[] = [];
    app.task("take", (value: unknown) => void seen.push(value));
    await using worker = app.worker();
    const transport = await scene.openTransport();
    await transport.declare({ queues: [{ name: "default" }] });
    await transport.publish([
      messageOf("take", `[[${hostile}],{},{}]`),
      messageOf("take", `[[1],${hostile},${hostile}]`),
      messageOf("take", "[[2],{},{}]", JSON.parse('{"constructor": "x", "prototype": "y"}') as object),
      messageOf("__proto__", "[[3],{},{}]"),
      messageOf("constructor", "[[4],{},{}]"),
      messageOf("take", "[[5],{},{}]"),
    ]);
    await worker.start();
    await expect.poll(() => seen.filter((value) => value === 2 || value === 5), { timeout: 20_000 }).toHaveLength(2);
    expectClean();
    expect(JSON.stringify(seen.find((value) => typeof value === "object" && value !== null))).toBe(
      JSON.stringify(JSON.parse(hostile)),
    );
    await worker.stop();
  },
);
