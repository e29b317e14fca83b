import { BackendUnavailableError, type Coordination } from "@lovage/backend";
import { afterEach, expect, test } from "vitest";
import { changed, workerHarness } from "../test-support/worker-harness.ts";
import type { WorkerHarness } from "../test-support/worker-harness.ts";

const withinMs = 20_000;

let harness: WorkerHarness;
afterEach(() => harness.close());

test("a backend that was away when the key of a run was to be kept costs the run no key", async () => {
  let isAway = false;
  harness = await workerHarness({
    wrapConnection: (connection) =>
      changed(connection, {
        capabilitiesOf: (queue) => ({ ...connection.capabilitiesOf(queue), doublesWithinMs: withinMs }),
      }),
    wrapBackend: (backend) => {
      const coordination = backend.coordination as Coordination;
      const claimKey: Coordination["claimKey"] = (request) =>
        isAway ? Promise.reject(new BackendUnavailableError("away")) : coordination.claimKey(request);
      return changed(backend, { coordination: changed(coordination, { claimKey }) });
    },
  });
  const { app, backend, clock, send } = harness;
  app.task("note", () => clock.sleep(3 * withinMs));
  await app.worker().start();
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
    const key = await backend.coordination?.claimKey({ key: "run:two:0", owner: "another", expiresInMs: 1 });
    expect(key?.owner).not.toBe("another");
  }
});
