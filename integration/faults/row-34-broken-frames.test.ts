import { expect } from "vitest";
import { figuresOf, recordFigures } from "../figures/record-figures.ts";
import { judge } from "../ledger/verdict.ts";
import type { Way } from "../network/fault.ts";
import type { FaultProxy } from "../network/fault-proxy.ts";
import type { Child } from "../processes/child.ts";
import { eventually } from "../processes/eventually.ts";
import { depth } from "../scene/depth.ts";
import { fault } from "../scene/fault.ts";
import type { Scene } from "../scene/scene.ts";

const concurrency = 8;
/** So little that tasks soon start over a new connection only: a worker goes on with what it holds. */
const prefetch = 16;
const tasks = 400;
const withinMs = 60_000 * depth.patience;
const garbage = Buffer.from("\u0000\u00ff\u00fe*3\r\n$-7\r\nnot a frame of any protocol\r\n\u0000", "latin1");

const mischief: Readonly<Record<string, (network: Network) => Promise<void>>> = {
  "answers cut in the middle of a frame": (network) => cut(network, "down"),
  "requests cut in the middle of a frame": (network) => cut(network, "up"),
  "garbage among the answers": (network) => litter(network, "down"),
  "garbage among the requests": (network) => litter(network, "up"),
};

interface Network {
  readonly proxy: FaultProxy;
  /** How often a connection to the broker was found broken. */
  readonly losses: () => number;
}

/** Bytes pass only while this process lets them, so there is no cut without waiting for it. */
async function cut({ proxy, losses }: Network, way: Way): Promise<void> {
  const before = losses();
  proxy.set({ [way]: { cutAfterBytes: 7 } });
  await eventually(() => losses() > before, { what: "a connection that was cut", withinMs });
  proxy.heal();
}

async function litter({ proxy, losses }: Network, way: Way): Promise<void> {
  const before = losses();
  proxy.inject(way, garbage);
  await eventually(() => losses() > before, { what: "a connection that garbage has ended", withinMs });
}

const lossLine = /The connection to (?:the broker|RabbitMQ) is lost/gu;

/** Over HTTP nothing is said of connections. */
function networkOf({ broker }: Scene, proxy: FaultProxy, worker: Child): Network {
  const losses = (): number => (broker.startsWith("sqs") ? proxy.ended : [...worker.log.matchAll(lossLine)].length);
  return { proxy, losses };
}

/** When tasks were started after an instant that can only have come over a new connection: what the worker held may start without one. */
async function resumedAt(scene: Scene, atMs: number): Promise<number> {
  const startsAtMs = (): readonly number[] =>
    scene.entries.flatMap((entry) => (entry.kind === "started" && entry.atMs > atMs ? entry.atMs : []));
  await scene.until("tasks after it", () => startsAtMs().length > prefetch);
  return startsAtMs().toSorted((a, b) => a - b)[prefetch]!;
}

fault(34, "frames that are cut and garbage between them cost a connection, no process and no task", async (scene) => {
  const proxy = await scene.host.openProxy();
  const args = ["--prefetch", String(prefetch)];
  const worker = await scene.startWorker({ concurrency, args, behind: proxy });
  const network = networkOf(scene, proxy, worker);
  const resumedMs: number[] = [];
  for (const [index, bring] of Object.values(mischief).entries()) {
    await scene.send(
      "load.wait",
      Array.from({ length: tasks }, () => [20]),
    );
    await scene.untilFinished(index * tasks + tasks / 4);
    await bring(network);
    const brokenAtMs = Date.now();
    resumedMs.push((await resumedAt(scene, brokenAtMs)) - brokenAtMs);
    await scene.untilFinished((index + 1) * tasks);
  }
  await scene.untilEmpty();
  const rounds = Object.keys(mischief).length;
  const verdict = judge(scene.entries);
  expect(worker.exit).toBeUndefined();
  expect(verdict).toMatchObject({ accepted: rounds * tasks, lost: [], zombieWrites: 0 });
  recordFigures({
    row: 34,
    broker: scene.broker,
    fault: "cut frames and garbage, both ways",
    ...figuresOf(verdict),
    interruptedLimit: rounds * concurrency,
    doubledLimit: rounds * (concurrency + prefetch),
    timings: [{ name: "tasks start again", measuredMs: Math.max(...resumedMs), limitMs: 2_000 }],
  });
});
