import { afterEach, expect, test } from "vitest";
import { workerHarness } from "../test-support/worker-harness.ts";
import type { WorkerHarness } from "../test-support/worker-harness.ts";

let harness: WorkerHarness;
afterEach(() => harness.close());

const step = (task: string, options: object) => ({
  task,
  args: [],
  kwargs: {},
  options,
  subtask_type: null,
  immutable: false,
});

/** A member of a chord of one, as another program sends it. */
async function sendMember(embed: object, headers: Readonly<Record<string, string>> = {}): Promise<void> {
  await harness.backend.joins?.open({ joinId: "join", size: 1, expiresInMs: 60_000 });
  const chord = step("body", { task_id: "body-id" });
  const body = JSON.stringify([[], {}, { ...embed, chord }]);
  await harness.send({ headers: { id: "member", task: "boom", group: "join", ...headers }, body });
}

async function setUp(): Promise<void> {
  harness = await workerHarness();
  harness.app.task("boom", () => {
    throw new RangeError("boom");
  });
  await harness.app.worker().start();
}

const hasFailed = async (id: string): Promise<boolean> => (await harness.resultOf(id))?.state === "FAILURE";

test("a failed member of a chord whose errback cannot be sent still tells the chord, and the steps after it", async () => {
  await setUp();
  await sendMember({ errbacks: [step("told", { queue: "a b" })], chain: [step("next", { task_id: "next-id" })] });
  await harness.until(() => hasFailed("body-id"));
  expect(await harness.resultOf("body-id")).toMatchObject({ error: { type: "ChordError" } });
  expect(await harness.resultOf("next-id")).toMatchObject({ error: { type: "RangeError" } });
  expect(await harness.dead()).toHaveLength(1);
});

test("a failed member of a chord after which comes what cannot be read still tells the chord", async () => {
  await setUp();
  await sendMember({ chain: [step("next", { countdown: "soon" })] });
  await harness.until(() => hasFailed("body-id"));
  expect(await harness.resultOf("member")).toMatchObject({ state: "FAILURE", error: { type: "RangeError" } });
});

test("an expired member of a chord after which comes what cannot be read is revoked, and still tells the chord", async () => {
  await setUp();
  const expires = new Date(harness.clock.now() - 60_000).toISOString();
  await sendMember({ chain: [step("next", { eta: "nonsense" })] }, { expires });
  await harness.until(() => hasFailed("body-id"));
  expect(await harness.resultOf("member")).toMatchObject({ state: "REVOKED" });
  expect([await harness.dead(), await harness.waiting("unsettled")]).toEqual([[], []]);
});
