import { expect } from "vitest";
import { fault } from "../scene/fault.ts";

const names: readonly string[] = [
  "",
  " ",
  "a".repeat(300),
  `it's`,
  `"quoted"`,
  "'; DROP TABLE messages;--",
  "100%",
  "_",
  "two\nlines",
  "{tag}",
  "emoji 😀",
  "ä",
  "../up",
  "a/../b",
  "/root",
  "nul\u0000",
  "__proto__",
  "constructor",
  "a.b:c/d@e~f+g-h",
];

/** Either refused before any I/O, or it works like any other name. */
fault(54, "queue names of any kind work or are refused at once, and other queues stay as they are", async (scene) => {
  const app = scene.createApp();
  const name = app.task("name", (text: string) => text);
  const before = await name.applyAsync(["untouched"], { queue: "untouched" });
  const accepted: string[] = [];
  for (const queue of names) {
    const sent = name.applyAsync([queue], { queue });
    const error: unknown = await sent.then(
      () => undefined,
      (refusal: unknown) => refusal,
    );
    if (error === undefined) accepted.push(queue);
    else expect(error, `for ${JSON.stringify(queue)}`).toMatchObject({ code: "NAME_INVALID" });
  }
  expect(accepted).toEqual(["_", "a.b:c/d@e~f+g-h"]);
  for (const queue of accepted) {
    expect(await app.queue(queue).list(), `for ${queue}`).toMatchObject([{ task: "name", state: "ready" }]);
    expect(await app.queue(queue).purge()).toBe(1);
  }
  await using worker = app.worker({ queues: ["untouched"] });
  await worker.start();
  expect(await before.get({ timeout: "10s" })).toBe("untouched");
  await worker.stop();
});

fault(54, "task names, task ids and keys of any kind arrive as they were, or are refused at once", async (scene) => {
  const app = scene.createApp();
  const seen: string[] = [];
  const accepted: string[] = [];
  for (const name of names) {
    try {
      app.task(name, { bind: true }, (task) => void seen.push(task.name));
      accepted.push(name);
    } catch (error) {
      expect(error, `for ${JSON.stringify(name)}`).toMatchObject({ code: "NAME_INVALID" });
    }
  }
  expect(accepted).toContain("'; DROP TABLE messages;--");
  await using worker = app.worker();
  await worker.start();
  const remote = scene.client;
  for (const name of accepted) {
    // The name stands for an id and a tenant as well; either may be refused before anything is sent.
    const call = remote.remote<() => void>(name);
    const sent = await call.applyAsync([], { taskId: name, key: name }).catch((error: unknown) => error);
    if (sent instanceof Error) expect(sent, `for ${name}`).toMatchObject({ code: "OPTION_INVALID" });
    const result = sent instanceof Error ? await call.delay() : remote.result(name);
    await result.get({ timeout: "10s" });
  }
  expect(seen).toEqual(accepted);
  await worker.stop();
});
