import { BackendUnavailableError, type Coordination } from "@lovage/backend";
import { afterEach, expect, test } from "vitest";
import { changed, workerHarness } from "../test-support/worker-harness.ts";
import type { WorkerHarness } from "../test-support/worker-harness.ts";

let harness: WorkerHarness;
afterEach(() => harness.close());

/** A worker on a broker that may hand out a message twice within so long, whose backend is away as long as is said. */
async function start(withinMs: number, isAway: () => boolean = () => false): Promise<void> {
  harness = await workerHarness({
    wrapConnection: (connection) =>
      changed(connection, {
        capabilitiesOf: (queue) => ({ ...connection.capabilitiesOf(queue), doublesWithinMs: withinMs }),
      }),
    wrapBackend: (backend) => {
      const coordination = backend.coordination as Coordination;
      const claimKey: Coordination["claimKey"] = (request) =>
        isAway() ? Promise.reject(new BackendUnavailableError("away")) : coordination.claimKey(request);
      return changed(backend, { coordination: changed(coordination, { claimKey }) });
    },
  });
  const { app, clock } = harness;
  app.task("note", () => clock.sleep(3 * withinMs));
  await app.worker().start();
}

async function ownerNow(id: string): Promise<string | undefined> {
  const request = { key: `run:${id}:0`, owner: "another", expiresInMs: 1 };
  return (await harness.backend.coordination?.claimKey(request))?.owner;
}

test("a backend that was away when the key of a run was to be kept costs the run no key", async () => {
  let isAway = false;
  const withinMs = 20_000;
  await start(withinMs, () => isAway);
  const { clock, send } = harness;
  // The worker looks after keys once a second from the first on: the second one is taken in between.
  await send({ headers: { task: "note", id: "one", lang: "js" } });
  await clock.advance(500);
  await send({ headers: { task: "note", id: "two", lang: "js" } });
  await clock.advance(withinMs / 2 - 1_000);
  isAway = true;
  await clock.advance(3_250);
  isAway = false;
  for (let second = 13; second < 58; second += 1) {
    await clock.advance(1_000);
    expect(await ownerNow("two")).not.toBe("another");
  }
});

test.each([1_800, 600])("a key that lasts for %d ms is kept all the time that its run takes", async (withinMs) => {
  await start(withinMs);
  const { clock, send } = harness;
  await send({ headers: { task: "note", id: "one", lang: "js" } });
  await clock.advance(150);
  await send({ headers: { task: "note", id: "two", lang: "js" } });
  await clock.advance(50);
  for (let atMs = 50; atMs < 2.8 * withinMs; atMs += 50) {
    expect(await ownerNow("two")).not.toBe("another");
    await clock.advance(50);
  }
});
