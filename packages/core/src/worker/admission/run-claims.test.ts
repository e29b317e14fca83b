import type { Coordination } from "@lovage/backend";
import type { Connection, Delivery, ReleaseOptions } from "@lovage/transport";
import { afterEach, describe, expect, test } from "vitest";
import { changed, changedResults, workerHarness } from "../test-support/worker-harness.ts";
import type { WorkerHarness } from "../test-support/worker-harness.ts";

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

/** As deliveries of SQS are, of so many copies; tells how each is given back. */
function ofCopies(copyIds: readonly string[], releases: (ReleaseOptions | undefined)[]) {
  const left = [...copyIds];
  return (delivery: Delivery): Delivery => {
    const copyId = left.shift();
    const release: Delivery["release"] = (options) => (releases.push(options), delivery.release(options));
    return copyId === undefined ? delivery : changed(delivery, { copyId, release });
  };
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

  test.each([
    ["the same copy, a double, is let go: its other is at work on it", ["a", "a"], true],
    ["another copy is given back", ["a", "b"], false],
  ])("%s", async (_, copyIds, isDouble) => {
    const releases: (ReleaseOptions | undefined)[] = [];
    harness = await workerHarness({ wrapConnection: doubling, onDelivery: ofCopies(copyIds, releases) });
    const { app, clock } = harness;
    app.task("note", () => clock.sleep(withinMs));
    await app.worker().start();
    await harness.send(copy);
    await harness.send(copy);
    await clock.advance(1_000);
    expect(releases).toEqual([{ delayMs: withinMs, isDouble }]);
  });

  test("a double takes no turn of a limit", async () => {
    const releases: (ReleaseOptions | undefined)[] = [];
    harness = await workerHarness({ wrapConnection: doubling, onDelivery: ofCopies(["a", "a"], releases) });
    const { app, clock } = harness;
    app.task("note", { rateLimit: "1/m" }, () => clock.sleep(withinMs));
    await app.worker().start();
    await harness.send(copy);
    await harness.send(copy);
    await clock.advance(1_000);
    expect(releases).toEqual([{ delayMs: withinMs, isDouble: true }]);
  });

  test("the key of a run whose lease was lost is free at once, whatever its function still does", async () => {
    const [lost, over] = [new AbortController(), Promise.withResolvers<void>()];
    const onDelivery = (delivery: Delivery): Delivery => changed(delivery, { signal: lost.signal });
    harness = await workerHarness({ wrapConnection: doubling, onDelivery });
    const { app, backend, clock } = harness;
    app.task("note", () => over.promise);
    await app.worker().start();
    await harness.send(copy);
    await clock.advance(1_000);
    lost.abort(new Error("lost"));
    await clock.advance(2_000);
    const key = await backend.coordination?.claimKey({ key: "run:one:0", owner: "next", expiresInMs: 1 });
    over.resolve();
    expect(key?.owner).toBe("next");
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

  test("an attempt that ended in a retry is not made again for its double", async () => {
    harness = await workerHarness({ wrapConnection: doubling });
    const retries: number[] = [];
    const options = { bind: true, retryFor: true, retryBackoff: "1m", retryJitter: false, maxRetries: 1 } as const;
    harness.app.task("note", options, (task) => {
      retries.push(task.retries);
      if (task.retries === 0) throw new Error("not yet");
    });
    await harness.app.worker().start();
    await harness.send(copy);
    await harness.send(copy);
    await harness.clock.advance(5 * withinMs);
    expect(retries).toEqual([0, 1]);
    expect([await harness.waiting(), await harness.waiting("delayed")]).toEqual([[], []]);
  });

  test("a call that is sent again under its id is no double of what has failed", async () => {
    harness = await workerHarness({ wrapConnection: doubling, onDelivery: ofCopies(["a", "a'", "b", "b"], []) });
    const retries: number[] = [];
    let isBroken = true;
    const options = { bind: true, retryFor: true, retryBackoff: "1s", maxRetries: 1 } as const;
    harness.app.task("note", options, (task) => {
      retries.push(task.retries);
      if (isBroken) throw new Error("declined");
    });
    await harness.app.worker().start();
    await harness.send(copy);
    await harness.until(async () => (await harness.dead()).length === 1);
    isBroken = false;
    await harness.send(copy);
    await harness.clock.advance(1_000);
    await harness.send(copy);
    await harness.clock.advance(withinMs);
    expect([retries, (await harness.resultOf("one"))?.state]).toEqual([[0, 1, 0], "SUCCESS"]);
  });

  test("one that comes when its call has expired leaves alone what was begun in time", async () => {
    const runs = await start((clock) => clock.sleep(5_000).then(() => "done"));
    const expires = new Date(harness.clock.now() + 2_000).toISOString();
    const expiring = { headers: { ...copy.headers, expires } };
    await harness.send(expiring);
    await harness.clock.advance(3_000);
    await harness.send(expiring);
    await harness.clock.advance(3 * withinMs);
    expect([runs(), await harness.resultOf("one")]).toMatchObject([1, { state: "SUCCESS", value: "done" }]);
    expect([await harness.waiting(), await harness.waiting("delayed")]).toEqual([[], []]);
  });

  test("one that has expired and of which nothing was begun is not run", async () => {
    const runs = await start(() => Promise.resolve());
    const expires = new Date(harness.clock.now() - 1_000).toISOString();
    const expiring = { headers: { ...copy.headers, expires } };
    await harness.send(expiring);
    await harness.send(expiring);
    await harness.clock.advance(3 * withinMs);
    expect([runs(), (await harness.resultOf("one"))?.state]).toEqual([0, "REVOKED"]);
    expect([await harness.waiting(), await harness.waiting("delayed")]).toEqual([[], []]);
  });
});
