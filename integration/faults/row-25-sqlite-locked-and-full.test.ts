import { mkdirSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "vitest";
import { whileLocked } from "../brokers/while-locked.ts";
import { databaseOf } from "../brokers/sqlite.ts";
import { figuresOf, recordFigures } from "../figures/record-figures.ts";
import { judge } from "../ledger/verdict.ts";
import { nodeProgram } from "../processes/node-program.ts";
import { onSmallDisk } from "../processes/small-disk.ts";
import { depth } from "../scene/depth.ts";
import { fault } from "../scene/fault.ts";
import { pace } from "../scene/pace.ts";

const heldMs = depth.name === "full" ? 10_000 : 4_000;
const tasks = 20;

fault(25, "a write lock held by another program delays calls and tasks, and loses none", async (scene) => {
  await scene.startWorkers(2);
  await scene.send(
    "load.wait",
    Array.from({ length: tasks }, () => [100]),
  );
  await scene.until("busy workers", (entries) => entries.some(({ kind }) => kind === "started"));
  const heldAtMs = Date.now();
  let isSent = false;
  let sending: Promise<unknown> | undefined;
  await whileLocked(databaseOf(scene.directory), async () => {
    sending = scene
      .send(
        "load.wait",
        Array.from({ length: tasks }, () => [100]),
      )
      .then(() => (isSent = true));
    await scene.until("the end of the hold", () => Date.now() - heldAtMs > heldMs);
    expect(isSent, "accepted while the lock was held").toBe(false);
  });
  const releasedAtMs = Date.now();
  await sending;
  await scene.untilFinished(2 * tasks);
  await scene.untilEmpty();
  const verdict = judge(scene.entries);
  expect(verdict).toMatchObject({ accepted: 2 * tasks, lost: [] });
  recordFigures({
    row: 25,
    broker: scene.broker,
    fault: `the write lock held for ${heldMs / 1_000} s`,
    ...figuresOf(verdict),
    interruptedLimit: 16,
    // All that there was when the lock was taken.
    doubledLimit: tasks,
    timings: [
      { name: "all done", measuredMs: Date.now() - releasedAtMs, limitMs: pace.leaseMs + pace.sweepMs + 1_000 },
    ],
  });
});

fault(
  25,
  "a full disk refuses calls, keeps what it accepted whole, and takes calls again once there is space",
  async (scene) => {
    const directory = path.join(scene.directory, "small");
    mkdirSync(directory);
    const program = nodeProgram(fileURLToPath(new URL("../apps/fill-disk.ts", import.meta.url)), [directory]);
    const confined =
      onSmallDisk(program, { directory, bytes: 4_000_000 }) ??
      scene.skip("the system lets no test mount a small disk (it takes user namespaces, or root)");
    const run = scene.start("fill-disk.ts", confined);
    expect(await run.waitForEnd(60_000)).toMatchObject({ code: 0 });
    const told = JSON.parse(run.log.split("\n").findLast((line) => line.startsWith('{"accepted"')) ?? "{}") as {
      readonly accepted: number;
    };
    expect(told.accepted).toBeGreaterThan(10);
    expect(told).toMatchObject({
      ready: told.accepted,
      refusals: ["STORAGE_FULL", "STORAGE_FULL", "STORAGE_FULL"],
      afterwards: "accepted",
      unaccepted: [],
      integrity: { integrity_check: "ok" },
    });
  },
);
