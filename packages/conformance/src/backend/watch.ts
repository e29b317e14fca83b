import assert from "node:assert/strict";
import type { ResultRecord } from "@lovage/backend";
import type { BackendConcern } from "./backend-case.ts";
import { callerOnly } from "./backend-case.ts";

const needs = ["results"] as const;

/** Being told of results. */
export const watchCases: BackendConcern = {
  concern: "watch",
  cases: [
    {
      name: "a watch tells the record that is there already",
      needs,
      run: async (bench) => {
        await bench.results.put([bench.put("a", { state: "SUCCESS" })]);
        const told = new Told();
        await bench.results.watch([bench.id("a"), bench.id("b")], told.listener);
        await bench.until("the record is told", () => told.last(bench.id("a"))?.state === "SUCCESS");
        assert.equal(told.last(bench.id("b")), undefined);
      },
    },
    {
      name: "a watch tells a record that comes later",
      needs,
      run: async (bench) => {
        const told = new Told();
        await bench.results.watch([bench.id("a")], told.listener);
        const put = bench.put("a", { state: "SUCCESS", document: '{"result":5}', fence: [1, 2] });
        await bench.results.put([put]);
        await bench.until("the record is told", () => told.last(put.taskId) !== undefined);
        const { taskId, state, document, fence } = put;
        assert.deepEqual(told.last(put.taskId), { taskId, state, document, fence });
      },
    },
    {
      name: "a watch tells what another process stores",
      needs,
      run: async (bench) => {
        const other = await bench.open();
        const told = new Told();
        await bench.results.watch([bench.id("a")], told.listener);
        await other.results.put([bench.put("a", { state: "SUCCESS", replyTo: "caller" })]);
        await bench.until("the record is told", () => told.last(bench.id("a"))?.state === "SUCCESS");
      },
      excludedBy: callerOnly,
    },
    {
      name: "nothing that is stored while a watch begins is missed",
      needs,
      run: async (bench) => {
        const other = await bench.open();
        const told = new Told();
        const ids = Array.from({ length: 50 }, (_, index) => `n${index}`);
        await Promise.all(
          ids.flatMap((name) => [
            bench.results.watch([bench.id(name)], told.listener),
            other.results.put([bench.put(name, { state: "SUCCESS" })]),
          ]),
        );
        await bench.until("all are told", () => ids.every((name) => told.last(bench.id(name))?.state === "SUCCESS"));
      },
      excludedBy: callerOnly,
    },
    {
      name: "of many changes the last is always told",
      needs,
      run: async (bench) => {
        const told = new Told();
        await bench.results.watch([bench.id("a")], told.listener);
        for (let step = 0; step < 50; step += 1) {
          await bench.results.put([bench.put("a", { state: "PROGRESS", document: String(step) })]);
        }
        await bench.results.put([bench.put("a", { state: "SUCCESS", document: "end" })]);
        await bench.until("the end is told", () => told.last(bench.id("a"))?.document === "end");
      },
    },
    {
      name: "a listener hears of the ids it asked for only",
      needs,
      run: async (bench) => {
        const told = new Told();
        await bench.results.watch([bench.id("a")], told.listener);
        await bench.results.put([bench.put("b"), bench.put("a")]);
        await bench.until("the record is told", () => told.last(bench.id("a")) !== undefined);
        assert.deepEqual([...told.ids()], [bench.id("a")]);
      },
    },
    {
      name: "two watches of one task are both told, and one that is closed takes the other nothing",
      needs,
      run: async (bench) => {
        const [first, second] = [new Told(), new Told()];
        const watch = await bench.results.watch([bench.id("a")], first.listener);
        await bench.results.watch([bench.id("a")], second.listener);
        await bench.results.put([bench.put("a")]);
        await bench.until("both are told", () => first.calls > 0 && second.calls > 0);
        watch.close();
        await bench.results.put([bench.put("a", { state: "SUCCESS" })]);
        await bench.until("the other is told", () => second.last(bench.id("a"))?.state === "SUCCESS");
        assert.equal(first.last(bench.id("a"))?.state, "STARTED");
      },
    },
    {
      name: "after a watch is closed no call begins, though a change was under way",
      needs,
      run: async (bench) => {
        const [closed, open] = [new Told(), new Told()];
        const watch = await bench.results.watch([bench.id("a")], closed.listener);
        await bench.results.watch([bench.id("a")], open.listener);
        const putting = bench.results.put([bench.put("a", { state: "SUCCESS" })]);
        watch.close();
        watch.close();
        const calls = closed.calls;
        await putting;
        await bench.until("the other is told", () => open.calls > 0);
        assert.equal(closed.calls, calls);
      },
    },
    {
      name: "a listener may close its own watch",
      needs,
      run: async (bench) => {
        let calls = 0;
        const watch = await bench.results.watch([bench.id("a"), bench.id("b")], () => {
          calls += 1;
          watch.close();
        });
        const control = new Told();
        await bench.results.watch([bench.id("a"), bench.id("b")], control.listener);
        await bench.results.put([bench.put("a"), bench.put("b")]);
        await bench.until("the other watch is told", () => control.ids().size === 2);
        assert.equal(calls, 1);
      },
    },
    {
      name: "ten thousand ids are watched at once and each is told",
      needs,
      run: async (bench) => {
        const told = new Told();
        const names = Array.from({ length: 10_000 }, (_, index) => `n${index}`);
        await bench.results.watch(
          names.map((name) => bench.id(name)),
          told.listener,
        );
        await bench.results.put(names.slice(0, 5).map((name) => bench.put(name, { state: "SUCCESS" })));
        await bench.results.put(names.slice(-5).map((name) => bench.put(name, { state: "SUCCESS" })));
        await bench.until("the ten are told", () => told.ids().size === 10);
      },
    },
    {
      name: "a closed backend tells nothing more",
      needs,
      excludedBy: callerOnly,
      run: async (bench) => {
        const other = await bench.open();
        const [closed, open] = [new Told(), new Told()];
        await other.results.watch([bench.id("a")], closed.listener);
        await bench.results.watch([bench.id("a")], open.listener);
        await other.close();
        await bench.results.put([bench.put("a")]);
        await bench.until("the open one tells", () => open.calls > 0);
        assert.equal(closed.calls, 0);
      },
    },
  ],
};

/** A listener that remembers what it was told. */
class Told {
  readonly #records: ResultRecord[] = [];
  readonly listener = (record: ResultRecord): void => {
    this.#records.push(record);
  };

  get calls(): number {
    return this.#records.length;
  }

  ids(): ReadonlySet<string> {
    return new Set(this.#records.map(({ taskId }) => taskId));
  }

  last(taskId: string): ResultRecord | undefined {
    return this.#records.findLast((record) => record.taskId === taskId);
  }
}
