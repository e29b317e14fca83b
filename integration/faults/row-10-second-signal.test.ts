import { expect } from "vitest";
import { figuresOf, recordFigures } from "../figures/record-figures.ts";
import { runsOf } from "../ledger/run-history.ts";
import { judge } from "../ledger/verdict.ts";
import { fault } from "../scene/fault.ts";

const concurrency = 8;
/** A signal sooner than this after the first is taken for the same keypress. */
const sameKeypressMs = 500;
/** So long it has for giving back. */
const leavingMs = 400;

fault(10, "a second signal ends a worker at once with 1, and what it ran is given back", async (scene) => {
  const stopped = await scene.startWorker({ concurrency });
  await scene.send(
    "load.hold",
    Array.from({ length: concurrency }, () => [60_000, 1]),
  );
  await scene.until(
    "a full worker",
    (entries) => entries.filter(({ kind }) => kind === "started").length === concurrency,
  );
  await scene.startWorker({ concurrency });
  const firstAtMs = stopped.signal("SIGTERM");
  await stopped.waitForLog(/SIGTERM/u, 10_000);
  await scene.until("another keypress", () => Date.now() - firstAtMs > 2 * sameKeypressMs);
  expect(stopped.exit, "the first signal lets tasks run on").toBeUndefined();
  const secondAtMs = stopped.signal("SIGINT");
  const exit = await stopped.waitForEnd(10_000);
  await scene.untilFinished(concurrency);
  await scene.untilEmpty();

  const runs = runsOf(scene.entries);
  const verdict = judge(scene.entries, { ends: [{ pid: stopped.pid, atMs: exit.atMs }] });
  expect(exit).toMatchObject({ code: 1, signal: null });
  expect(verdict).toMatchObject({ accepted: concurrency, lost: [], doubled: concurrency, zombieWrites: 0 });
  const second = runs.filter(({ pid }) => pid !== stopped.pid);
  // Giving back ends after a while, be it done or not; what is not costs a loss.
  const hasGivenAllBack = exit.atMs - secondAtMs < leavingMs;
  const charged = second.filter(({ count }) => count !== 1);
  expect(hasGivenAllBack ? charged : [], "what was given back costs no loss").toEqual([]);
  recordFigures({
    row: 10,
    broker: scene.broker,
    fault: "a second signal",
    ...figuresOf(verdict),
    interruptedLimit: concurrency,
    timings: [
      { name: "exit", measuredMs: exit.atMs - secondAtMs, limitMs: 500 },
      {
        name: "restart",
        measuredMs: Math.max(...second.map(({ startedAtMs }) => startedAtMs)) - secondAtMs,
        limitMs: 2_000,
      },
    ],
  });
});
