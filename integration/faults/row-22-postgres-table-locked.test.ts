import { setTimeout as pause } from "node:timers/promises";
import { quoteIdentifier } from "@lovage/client-postgres";
import { expect } from "vitest";
import { postgres, schemaOf } from "../brokers/postgres.ts";
import { figuresOf, recordFigures } from "../figures/record-figures.ts";
import { judge } from "../ledger/verdict.ts";
import { depth } from "../scene/depth.ts";
import { fault } from "../scene/fault.ts";
import { askServer } from "../postgres/ask-server.ts";

const concurrency = 8;
/** So little that work is left after the lock: a worker goes on with what it holds meanwhile. */
const prefetch = 16;
const tasks = 200;
/** Longer than a statement may take, and than a lease. */
const heldMs = depth.name === "full" ? 60_000 : 12_000;

fault(
  22,
  "a table locked for longer than statements may take stops no worker, and costs no connection",
  async (scene) => {
    const [worker] = await scene.startWorkers(1, { concurrency, args: ["--prefetch", String(prefetch)] });
    await scene.send(
      "load.wait",
      Array.from({ length: tasks }, () => [100]),
    );
    await scene.until("a busy worker", (entries) => entries.some(({ kind }) => kind === "finished"));
    const table = `${quoteIdentifier(schemaOf(scene.directory))}.messages`;
    await askServer(scene.host.server.url, async (client) => {
      await client.query(`BEGIN; LOCK TABLE ${table} IN ACCESS EXCLUSIVE MODE`);
      await pause(heldMs);
      await client.query("COMMIT");
    });
    const releasedAtMs = Date.now();
    await scene.untilFinished(tasks);
    await scene.untilEmpty();
    const verdict = judge(scene.entries);
    expect(verdict).toMatchObject({ accepted: tasks, lost: [], zombieWrites: 0 });
    expect(worker?.log).not.toMatch(/Worker has stopped/u);
    expect(worker?.log).toMatch(/The broker puts off a call/u);
    expect(worker?.log).not.toMatch(/The connection to the broker is lost/u);
    recordFigures({
      row: 22,
      broker: scene.broker,
      fault: `the table of messages locked for ${heldMs / 1_000} s`,
      ...figuresOf(verdict),
      interruptedLimit: 2 * concurrency,
      doubledLimit: 2 * prefetch,
      timings: [{ name: "all done after the lock", measuredMs: Date.now() - releasedAtMs, limitMs: 5_000 }],
    });
  },
  { only: postgres, timeoutMs: 180_000 },
);
