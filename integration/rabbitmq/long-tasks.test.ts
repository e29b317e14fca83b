import { chain } from "lovage";
import { expect } from "vitest";
import { amqp } from "../brokers/amqp.ts";
import { runsOf } from "../ledger/run-history.ts";
import type { Child } from "../processes/child.ts";
import { eventually } from "../processes/eventually.ts";
import { fault } from "../scene/fault.ts";
import type { Scene } from "../scene/scene.ts";
import { lowerConsumerTimeout } from "./lower-consumer-timeout.ts";
import { queueCounts } from "./queue-counts.ts";

const timeoutMs = 6_000;
/** Time to live of a copy, and what starting a task takes. */
const recoveryMs = 6_000;

/** A worker that is told of the server's timeout. */
async function startWorker(scene: Scene): Promise<Child> {
  const url = `${scene.place.broker}&consumerTimeout=${timeoutMs}ms`;
  return await scene.startWorker({ concurrency: 2, env: { LOVAGE_BROKER_URL: url } });
}

/** Waits until a task is held by a copy. */
async function untilRenewed(scene: Scene): Promise<void> {
  const { pathname } = new URL(scene.place.broker);
  const isSo = async (): Promise<boolean> => {
    const counts = await queueCounts(scene.host.server, pathname.slice(1), "messages_unacknowledged");
    return [...counts].some(([name, count]) => name.includes(".held.") && count === 1);
  };
  await eventually(isSo, { what: "a renewed delivery", withinMs: 3 * timeoutMs, everyMs: 1_000 });
}

fault(
  26,
  "a task of three consumer timeouts runs once beside an idle worker, and what comes after it is handed over",
  async (scene) => {
    await lowerConsumerTimeout(scene.host.server, timeoutMs);
    await Promise.all([startWorker(scene), startWorker(scene)]);
    const wait = scene.client.remote<(ms: number) => void>("load.wait");
    const pass = scene.client.remote<() => void>("load.pass");
    const result = await chain(wait.s(3 * timeoutMs), pass.si()).delay();
    await result.get({ timeout: 6 * timeoutMs });
    await scene.untilEmpty();
    const runs = runsOf(scene.entries);
    expect(runs.map(({ count, aborted }) => [count, aborted])).toEqual([
      [1, undefined],
      [1, undefined],
    ]);
    expect(new Set(runs.map(({ taskId }) => taskId)).size).toBe(2);
  },
  { only: amqp, needs: "ownServer" },
);

fault(
  26,
  "a task whose worker is killed after its message was renewed runs again, once, and succeeds once",
  async (scene) => {
    await lowerConsumerTimeout(scene.host.server, timeoutMs);
    const victim = await startWorker(scene);
    const [result] = await scene.send("load.hold", [[600_000, 10]]);
    await untilRenewed(scene);
    await startWorker(scene);
    const killedAtMs = victim.signal("SIGKILL");
    await scene.untilAllFinished();
    await scene.untilEmpty();
    const [first, second, ...further] = runsOf(scene.entries);
    expect(further).toEqual([]);
    expect([first?.count, first?.finishedAtMs, second?.count]).toEqual([1, undefined, 2]);
    expect(await result?.get({ timeout: "10s" })).toBe(second?.token);
    expect((second?.startedAtMs ?? Infinity) - killedAtMs).toBeLessThan(recoveryMs * 5);
  },
  { only: amqp, needs: "ownServer" },
);

fault(
  26,
  "a worker that was frozen after a message was renewed cannot end its task: the other's result stands",
  async (scene) => {
    await lowerConsumerTimeout(scene.host.server, timeoutMs);
    const frozen = await startWorker(scene);
    const [result] = await scene.send("load.hold", [[20_000, 10]]);
    await untilRenewed(scene);
    await startWorker(scene);
    frozen.signal("SIGSTOP");
    await scene.until("the second run", (entries) => entries.filter(({ kind }) => kind === "finished").length === 1);
    frozen.signal("SIGCONT");
    await scene.until("the end of the first run", (entries) => runsOf(entries).every((run) => run.finishedAtMs));
    await scene.untilEmpty();
    const [first, second, ...further] = runsOf(scene.entries);
    expect(further).toEqual([]);
    expect([first?.aborted?.code, first?.refused]).toEqual(["LEASE_LOST", ["LEASE_LOST"]]);
    expect(await result?.get({ timeout: "10s" })).toBe(second?.token);
  },
  { only: amqp, needs: "ownServer" },
);

fault(
  26,
  "a task whose message was renewed runs again when its broker is killed and comes back",
  async (scene) => {
    await lowerConsumerTimeout(scene.host.server, timeoutMs);
    await startWorker(scene);
    const [result] = await scene.send("load.hold", [[600_000, 10]]);
    await untilRenewed(scene);
    await scene.host.kill();
    await scene.until("the first run to hear of it", (entries) => entries.some(({ kind }) => kind === "aborted"));
    await scene.host.start();
    await scene.untilAllFinished();
    await scene.untilEmpty();
    const [first, second, ...further] = runsOf(scene.entries);
    expect([first?.aborted?.code, further]).toEqual(["LEASE_LOST", []]);
    expect(await result?.get({ timeout: "10s" })).toBe(second?.token);
  },
  { only: amqp, needs: "ownServer" },
);
