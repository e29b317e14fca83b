import { afterEach, beforeEach, describe, expect, test } from "vitest";
import * as z from "zod";
import type { App } from "../app/app.ts";
import { createApp } from "../app/create-app.ts";
import { chain } from "../canvas/chain.ts";
import { group } from "../canvas/group.ts";

let app: App;

beforeEach(() => {
  app = createApp({ broker: "memory:", backend: "memory:" });
});

afterEach(() => app.close());

const readyMessages = async (): Promise<number | undefined> => (await app.queue("default").stats()).ready;

const mailTask = () => app.task("mail", { input: z.tuple([z.string(), z.email()]) }, (text, to) => [text, to]);
const unfit = expect.objectContaining({
  code: "PAYLOAD_INVALID",
  message: expect.stringMatching(/args\[1\]/) as string,
}) as Error;

describe("a signature that is sent", () => {
  test("is checked by the input schema, as any call is", async () => {
    const mail = mailTask();
    await expect(mail.s("hello", "nobody").delay()).rejects.toEqual(unfit);
    await expect(mail.s("nobody").delay("hello")).rejects.toEqual(unfit);
    await mail.s("hello", "a@b.co").delay();
    expect(await readyMessages()).toBe(1);
  });

  test("sends nothing of its workflow when one call does not fit", async () => {
    const mail = mailTask();
    const fits = mail.s("hello", "a@b.co");
    await expect(group([fits, mail.s("hello", "nobody")]).delay()).rejects.toEqual(unfit);
    await expect(chain(mail.si("hello", "nobody"), fits as never).delay()).rejects.toEqual(unfit);
    expect(await readyMessages()).toBe(0);
  });
});

describe("keyword arguments", () => {
  test("cannot name a parameter that has its position in the arguments", async () => {
    const pair = app.task("pair", { parameters: ["x", "y"] }, (x: number, y: number) => [x, y]);
    await expect(pair.applyAsync([1], { kwargs: { x: 2 } })).rejects.toThrow(
      'Parameter "x" of task "pair" is given twice: by position and in kwargs.',
    );
    await pair.applyAsync([1], { kwargs: { y: 2 } });
    expect(await readyMessages()).toBe(1);
  });
});

describe("arguments that are no array", () => {
  test("are shown as they were given", async () => {
    const add = app.task("add", (x: number) => x);
    await expect(add.applyAsync(3 as never)).rejects.toThrow(/must be an array; they are 3\.$/);
    await expect(add.applyMany([[1], 4] as never)).rejects.toThrow(/must be an array; they are 4\.$/);
    await expect(add.applyMany(5 as never)).rejects.toThrow(/take an array .*; it is 5\.$/);
  });
});
