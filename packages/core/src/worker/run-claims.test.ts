import type { Coordination } from "@lovage/backend";
import type { Connection } from "@lovage/transport";
import { afterEach, describe, expect, test } from "vitest";
import { changed, changedResults, workerHarness } from "./test-support/worker-harness.ts";
import type { WorkerHarness } from "./test-support/worker-harness.ts";

const withinMs = 20_000;

let harness: WorkerHarness;
afterEach(() => harness.close());

/** A worker on a broker that may hand out a message twice. */
async function start(
  run: (clock: WorkerHarness["clock"]) => Promise<unknown>,
  ignoreResult = false,
): Promise<() => number> {
  harness = await workerHarness({ wrapConnection: doubling });
  const { app, clock } = harness;
  let runs = 0;
  app.task("note", { ignoreResult }, async () => {
    runs += 1;
    return await run(clock);
  });
  await app.worker().start();
  return () => runs;
}

function doubling(connection: Connection): Connection {
  const capabilitiesOf: Connection["capabilitiesOf"] = (queue) => ({
    ...connection.capabilitiesOf(queue),
    doublesWithinMs: withinMs,
  });
  return changed(connection, { capabilitiesOf });
}

/** As SQS is: that a call is cancelled is read in the backend. */
function withoutBroadcast(connection: Connection): Connection {
  return new Proxy(connection, {
    get: (target, key) => {
      const value: unknown = key === "broadcast" ? undefined : Reflect.get(target, key, target);
      return typeof value === "function" ? (value.bind(target) as unknown) : value;
    },
  });
}

const copy = { headers: { task: "note", id: "one", lang: "js" } };

describe("doubles that the broker makes", () => {
  test("of two copies in hand one runs, however long it does; the other finds its result", async () => {
    const runs = await start((clock) => clock.sleep(3 * withinMs));
    await harness.send(copy);
    await harness.send(copy);
    await harness.clock.advance(2 * withinMs);
    expect(runs()).toBe(1);
    await harness.clock.advance(4 * withinMs);
    expect(runs()).toBe(1);
    expect([await harness.waiting(), await harness.waiting("delayed"), await harness.dead()]).toEqual([[], [], []]);
    expect(harness.lines("info")).toContain("Task had succeeded before; it was not run again.");
  });

  test("a task that leaves no result is remembered for a while", async () => {
    const runs = await start(() => Promise.resolve(), true);
    await harness.send(copy);
    await harness.clock.advance(1_000);
    await harness.send(copy);
    await harness.clock.advance(withinMs + 1_000);
    expect(runs()).toBe(1);
    expect(harness.lines("info")).toContain("Another message of the same tick or call is run; this one is not.");
  });

  test("what its worker gave back may run elsewhere at once", async () => {
    harness = await workerHarness({ wrapConnection: doubling });
    const { app, clock } = harness;
    let runs = 0;
    app.task("note", { bind: true }, async ({ signal }) => {
      runs += 1;
      if (runs === 1) await clock.sleep(60_000, { signal });
    });
    const first = app.worker();
    await first.start();
    await harness.send(copy);
    await clock.advance(1_000);
    await first.stop({ timeout: 0 });
    await app.worker().start();
    await clock.advance(2_000);
    expect(runs).toBe(2);
  });

  test("what its worker gave back while it still asked may run elsewhere at once", async () => {
    const asked = Promise.withResolvers<void>();
    let isAsked = false;
    harness = await workerHarness({
      wrapConnection: doubling,
      wrapBackend: (backend) => {
        const coordination = backend.coordination as Coordination;
        const claimKey: Coordination["claimKey"] = async (request) => {
          const claim = await coordination.claimKey(request);
          if (!isAsked) {
            isAsked = true;
            await asked.promise;
          }
          return claim;
        };
        return changed(backend, { coordination: changed(coordination, { claimKey }) });
      },
    });
    const { app, clock, until } = harness;
    let runs = 0;
    app.task("note", () => void (runs += 1));
    const first = app.worker();
    await first.start();
    await harness.send(copy);
    await until(() => isAsked);
    await first.stop({ timeout: 0 });
    asked.resolve();
    await clock.advance(0);
    await app.worker().start();
    await clock.advance(2_000);
    expect(runs).toBe(1);
  });

  test("a task whose end is long to record is not run again meanwhile", async () => {
    const recorded = Promise.withResolvers<void>();
    harness = await workerHarness({
      wrapConnection: doubling,
      wrapBackend: (backend) =>
        changedResults(backend, (results) => ({
          put: async (puts) => {
            await recorded.promise;
            return results.put(puts);
          },
        })),
    });
    const { app, clock } = harness;
    let runs = 0;
    app.task("note", () => void (runs += 1));
    await app.worker().start();
    await harness.send(copy);
    await clock.advance(withinMs + 5_000);
    await harness.send(copy);
    await clock.advance(5_000);
    expect(runs).toBe(1);
    recorded.resolve();
    await clock.advance(2 * withinMs);
    expect(runs).toBe(1);
    expect(await harness.waiting()).toEqual([]);
  });

  test("a task that runs on while its worker stops is not run by another meanwhile", async () => {
    harness = await workerHarness({ wrapConnection: doubling });
    const { app, backend, clock } = harness;
    app.task("note", () => clock.sleep(3 * withinMs));
    const worker = app.worker();
    await worker.start();
    await harness.send(copy);
    await clock.advance(1_000);
    const stopped = worker.stop({ timeout: 4 * withinMs });
    for (let second = 1; second < 58; second += 1) {
      await clock.advance(1_000);
      const key = await backend.coordination?.claimKey({ key: "run:one:0", owner: "double", expiresInMs: 1 });
      expect(key?.owner).not.toBe("double");
    }
    await clock.advance(5_000);
    await stopped;
    expect((await harness.resultOf("one"))?.state).toBe("SUCCESS");
  });

  test("a task that runs on while its worker stops hears that it was cancelled", async () => {
    let isCancelled = false;
    harness = await workerHarness({ wrapConnection: withoutBroadcast });
    const { app, clock } = harness;
    const note = app.task("note", { bind: true }, async ({ signal }) => {
      await clock.sleep(60_000, { signal }).catch(() => (isCancelled = signal.aborted));
    });
    const worker = app.worker();
    await worker.start();
    const result = await note.delay();
    await clock.advance(1_000);
    const stopped = worker.stop({ timeout: 120_000 });
    await clock.advance(1_000);
    await result.cancel();
    await clock.advance(6_000);
    expect(isCancelled).toBe(true);
    await stopped;
  });

  test("a copy whose other was lost with its worker runs when the key has ended", async () => {
    const runs = await start(() => Promise.resolve());
    await harness.backend.coordination?.claimKey({ key: "run:one:0", owner: "dead", expiresInMs: withinMs });
    await harness.send(copy);
    await harness.clock.advance(withinMs - 1_000);
    expect(runs()).toBe(0);
    await harness.clock.advance(2_000);
    expect(runs()).toBe(1);
  });

  test("a retry is a run of its own", async () => {
    harness = await workerHarness({ wrapConnection: doubling });
    const retries: number[] = [];
    harness.app.task("note", { bind: true, retryFor: true, retryJitter: false, maxRetries: 1 }, (task) => {
      retries.push(task.retries);
      if (task.retries === 0) throw new Error("not yet");
    });
    await harness.app.worker().start();
    await harness.send(copy);
    await harness.clock.advance(10_000);
    expect(retries).toEqual([0, 1]);
  });
});
