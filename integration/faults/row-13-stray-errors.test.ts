import { expect } from "vitest";
import { judge } from "../ledger/verdict.ts";
import { eventually } from "../processes/eventually.ts";
import { fault } from "../scene/fault.ts";

fault(13, "a rejection that nobody handles fails the task it came from, and the worker goes on", async (scene) => {
  const worker = await scene.startWorker();
  const [result] = await scene.send("load.stray", [["rejection"]]);
  await expect(result!.get({ timeout: "20s" })).rejects.toMatchObject({
    code: "REMOTE_TASK_FAILED",
    message: "stray rejection",
  });
  await scene.send("load.pass", [[], [], []]);
  // The aborted one is among them: its signal lets it come to an end.
  await scene.untilAllFinished();
  expect(worker.exit).toBeUndefined();
  // The result comes before the dead letter.
  const listDead = async (): Promise<readonly unknown[]> =>
    (await scene.client.queue("default").dead.list()).map(({ taskId }) => taskId);
  await eventually(async () => (await listDead()).length > 0, { what: "a dead letter", withinMs: 30_000 });
  expect(await listDead()).toEqual([result!.id]);
  expect(judge(scene.entries, { endedElsewhere: new Set([result!.id]) }).lost).toEqual([]);
});

fault(13, "an uncaught exception fails its task, lets the others end, and ends the worker with 1", async (scene) => {
  const worker = await scene.startWorker();
  await scene.send(
    "load.wait",
    Array.from({ length: 4 }, () => [1_000]),
  );
  await scene.until("running tasks", (entries) => entries.filter(({ kind }) => kind === "started").length === 4);
  const [result] = await scene.send("load.stray", [["exception"]]);
  expect(await worker.waitForEnd(20_000)).toMatchObject({ code: 1, signal: null });
  await expect(result!.get({ timeout: "5s" })).rejects.toMatchObject({ message: "stray exception" });
  await scene.startWorker();
  await scene.untilFinished(4);
  const verdict = judge(scene.entries, { endedElsewhere: new Set([result!.id]) });
  expect(verdict).toMatchObject({ accepted: 5, lost: [], doubled: 0 });
});
