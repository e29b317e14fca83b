import { chord, group } from "lovage";
import { expect } from "vitest";
import { figuresOf, recordFigures } from "../figures/record-figures.ts";
import { runsOf } from "../ledger/run-history.ts";
import { judge } from "../ledger/verdict.ts";
import { depth } from "../scene/depth.ts";
import { fault } from "../scene/fault.ts";
import type { Scene } from "../scene/scene.ts";

const members = depth.of(1_000);
const failing = depth.of(10);
const workers = 2;
const concurrency = 8;
/** What a worker holds when it or its broker is killed may have ended without that being recorded. */
const prefetch = 16;
const getMs = 60_000 * depth.patience;

function fanIn(scene: Scene, values: readonly number[]) {
  const { client } = scene;
  const member = client.remote<(value: number) => number>("chords.member");
  const total = client.remote<(values: readonly number[]) => number>("chords.total");
  return chord(group(values.map((value) => member.s(value))), total.s());
}

fault(
  46,
  "a fan-in whose workers and broker are killed meanwhile has its body run to its end once",
  async (scene) => {
    const crew = await scene.startWorkers(workers, {
      app: "chords.ts",
      concurrency,
      args: ["--prefetch", String(prefetch)],
    });
    await scene.host.readyForKill();
    const values = Array.from({ length: members }, (_, index) => index);
    const result = await fanIn(scene, values).delay();
    await scene.untilFinished(members / 4);
    const victim = crew[0]!;
    const ends = [{ pid: victim.pid, atMs: victim.signal("SIGKILL") }];
    await scene.untilFinished(members / 2);
    await scene.host.whileAway(() => Promise.resolve());
    expect(await result.get({ timeout: getMs })).toBe((members * (members - 1)) / 2);
    await scene.untilEmpty();
    const bodies = runsOf(scene.entries).filter(
      ({ taskId, finishedAtMs }) => taskId === result.id && finishedAtMs !== undefined,
    );
    expect(bodies, "ends of the body").toHaveLength(1);
    recordFigures({
      row: 46,
      broker: scene.broker,
      fault: `a chord of ${members}, a worker and the broker killed during the fan-in`,
      ...figuresOf({ ...judge(scene.entries, { ends }), accepted: members + 1 }),
      interruptedLimit: workers * concurrency,
      doubledLimit: workers * (concurrency + prefetch),
      timings: [],
    });
  },
  { needs: "absence" },
);

fault(46, "a fan-in with failing members fails once, and its body never runs", async (scene) => {
  const app = scene.createApp();
  const ran: number[] = [];
  const member = app.task("chords.member", { maxRetries: 0 }, (value: number) => {
    ran.push(value);
    if (value < 0) throw new RangeError(`${value} is negative`);
    return value;
  });
  let bodies = 0;
  const total = app.task("chords.total", (values: readonly number[]) => {
    bodies += 1;
    return values.length;
  });
  await using worker = app.worker();
  await worker.start();
  const values = Array.from({ length: members }, (_, index) => (index < failing ? -1 - index : index));
  const result = await chord(group(values.map((value) => member.s(value))), total.s()).delay();
  await expect(result.get({ timeout: getMs })).rejects.toMatchObject({
    code: "REMOTE_TASK_FAILED",
    name: "ChordError",
  });
  await scene.untilSettled();
  await worker.stop();
  expect(ran).toHaveLength(members);
  expect(bodies).toBe(0);
  expect(await result.state()).toBe("FAILURE");
});
