import { expect } from "vitest";
import { figuresOf, recordFigures } from "../figures/record-figures.ts";
import { runsOf } from "../ledger/run-history.ts";
import { judge } from "../ledger/verdict.ts";
import { eventually } from "../processes/eventually.ts";
import { fault } from "../scene/fault.ts";
import { pace } from "../scene/pace.ts";

const losses = 3;
const bystanders = 60;
const concurrency = 8;

const ways = [
  { task: "load.abort", what: "ends its process each time", mostlyWaits: true },
  { task: "load.exhaust", what: "takes all of its process's memory each time", mostlyWaits: false },
] as const;

for (const { task, what, mostlyWaits } of ways) {
  fault(
    5,
    `a task that ${what} is given up after three losses, and no other task with it`,
    async (scene) => {
      // The parent replaces what the task ends.
      await scene.startWorker({ concurrency, args: ["--processes", "2"], heapMb: 96 });
      const sentAtMs = Date.now();
      const [poison] = await scene.send(task, [[]]);
      const others = await scene.send(
        "load.wait",
        Array.from({ length: bystanders }, () => [200]),
      );
      await expect(poison!.get({ timeout: 20 * pace.leaseMs })).rejects.toMatchObject({
        code: "REMOTE_TASK_FAILED",
        name: "PoisonMessageError",
      });
      const givenUpMs = Date.now() - sentAtMs;
      await Promise.all(others.map((result) => result.get({ timeout: 20 * pace.leaseMs })));
      // The result is stored first, and the dead letter with the acknowledgement.
      await scene.untilSettled();
      // Not every broker counts what is on its way there.
      const dead = await eventually(
        async () => {
          const there = await scene.client.queue("default").dead.list();
          return there.length > 0 && there;
        },
        { what: "a dead letter", withinMs: 30_000 },
      );
      expect(dead.map(({ taskId, death }) => [taskId, death?.reason])).toEqual([[poison!.id, "poison"]]);
      const runs = runsOf(scene.entries).filter(({ taskId }) => taskId === poison!.id);
      expect(runs.map(({ count }) => count)).toEqual([1, 2, losses]);
      // What a process that has ended itself was running besides is not among the ends that the test brought about.
      const ends = runs.map(({ pid, startedAtMs }) => ({ pid, atMs: startedAtMs }));
      const verdict = judge(scene.entries, { ends, endedElsewhere: new Set([poison!.id]) });
      expect(verdict).toMatchObject({ accepted: bystanders + 1, lost: [] });
      recordFigures({
        row: 5,
        broker: scene.broker,
        fault: `a task that ${what}`,
        ...figuresOf(verdict),
        poisoned: 1,
        interruptedLimit: losses * concurrency,
        // As many again may have ended without that being recorded.
        doubledLimit: 2 * losses * concurrency,
        timings: [{ name: "given up", measuredMs: givenUpMs, limitMs: losses * (pace.leaseMs + pace.sweepMs + 1_000) }],
      });
    },
    { mostlyWaits },
  );
}
