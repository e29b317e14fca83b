import { expect, test } from "vitest";
import { eventually } from "../processes/eventually.ts";
import { describeInterop } from "./scene/describe-interop.ts";
import { queues } from "./scene/queue-options.ts";

const count = 60;
/** Celery's worker, whose pool has threads, stops for ten seconds now and again. */
const soon = { timeout: "3m" } as const;
const heldMs = 600_000;

describeInterop("a queue that workers of both languages read", { begin: (scene) => scene.python }, (scene) => {
  test("is worked off by Celery while Lovage's workers have no slot free, whoever sends, with what a killed one of them held", async () => {
    const { client } = scene();
    const python = await scene().python;
    const doomed = await scene().startLovageWorker([queues.shared]);
    const survivor = await scene().startLovageWorker([queues.shared]);
    const who = client.remote<(ms: number) => string>("either.who", { queue: queues.shared });
    // Nobody else is there yet: the workers take these four each, and hold them for longer than the test.
    const held = await who.applyMany(Array.from({ length: 8 }, () => [heldMs]));
    await eventually(
      () => doomed.log.match(/holding/gu)?.length === 4 && survivor.log.match(/holding/gu)?.length === 4,
      {
        what: "eight calls to be held",
        withinMs: 20_000,
        describe: () => scene().logs(),
      },
    );
    const ours = await who.applyMany(Array.from({ length: count }, () => [0]));
    const theirs: string[] = [];
    for (let sent = 0; sent < count; sent += 1) {
      theirs.push(await python.send("either.who", { args: [0], options: { queue: queues.shared } }));
    }
    await doomed.kill();
    await scene().startPythonWorker([queues.shared]);
    const takers: unknown[] = await Promise.all(ours.map((each) => each.get(soon)));
    const readings = await Promise.all(theirs.map((id) => scene().reading(id, "python")));
    takers.push(...readings.map(({ value }) => value));
    // The survivor's slots are all taken, so that what the dead one held goes to Python, and all the rest too.
    expect(new Set(takers)).toEqual(new Set(["python"]));
    const ends = async (): Promise<number> => {
      const states = await Promise.all(held.map((each) => each.successful()));
      return states.filter(Boolean).length;
    };
    await eventually(async () => (await ends()) === 4, {
      what: "the four calls of the dead worker to have run",
      withinMs: 30_000,
      describe: () => scene().logs(),
    });
    // A hundred and twenty calls, sent and read one after the other in part, by three processes on a machine that may be loaded.
  }, 450_000);
});
