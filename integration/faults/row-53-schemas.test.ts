import { expect } from "vitest";
import { z } from "zod";
import { eventually } from "../processes/eventually.ts";
import { textWith } from "../scene/expected-text.ts";
import { countsOf } from "../scene/counts-of.ts";
import { fault } from "../scene/fault.ts";

fault(53, "arguments that do not fit are refused at the call, with every issue, and nothing is sent", async (scene) => {
  const app = scene.createApp();
  const mail = app.task("mail", { input: z.tuple([z.email(), z.int().positive()]) }, (to, times) => `${to} ${times}`);
  await expect(mail.delay("nobody", -1)).rejects.toMatchObject({
    code: "PAYLOAD_INVALID",
    issues: [textWith("args[0]"), textWith("args[1]")],
  });
  await expect(
    mail.applyMany([
      ["a@b.example", 1],
      ["nobody", 1],
    ]),
  ).rejects.toMatchObject({ code: "PAYLOAD_INVALID" });
  expect(await countsOf(app)).toMatchObject({ ready: 0, delayed: 0, dead: 0 });
});

fault(
  53,
  "what fits the sender's schema and not the worker's is not run and not retried: a dead letter tells the issues",
  async (scene) => {
    const sender = scene.createApp();
    const mail = sender.task("mail", { input: z.tuple([z.string()]) }, (_to: string) => {});
    const runs: string[] = [];
    const receiver = scene.createApp();
    receiver.task("mail", { input: z.tuple([z.email()]), retryFor: true, maxRetries: 5 }, (to) => void runs.push(to));
    await using worker = receiver.worker();
    await worker.start();
    const result = await mail.delay("nobody");
    await expect(result.get({ timeout: "10s" })).rejects.toMatchObject({
      code: "REMOTE_TASK_FAILED",
      name: "PayloadValidationError",
      message: textWith("args[0]"),
    });
    const dead = await eventually(
      async () => {
        const letters = await sender.queue("default").dead.list();
        return letters.length > 0 && letters;
      },
      { what: "a dead letter", withinMs: 10_000 },
    );
    expect(dead[0]?.death).toMatchObject({ reason: "invalid", detail: textWith("args[0]") });
    expect(dead[0]?.retries).toBe(0);
    expect(runs).toEqual([]);
    await worker.stop();
  },
);
