import { BackendUnavailableError, type PutOutcome, type ResultPut, type Results } from "@lovage/backend";
import { virtualClock, type LovageError } from "@lovage/foundation";
import { expect, test, vi } from "vitest";
import { recordedLog } from "../../test-support/recorded-log.ts";
import { resultPut as put } from "../../test-support/result-put.ts";
import { ResultWriter } from "./result-writer.ts";

const always = (): boolean => true;

/** A backend that answers after a millisecond, and cannot write the records of some tasks. */
const setUp = () => {
  const clock = virtualClock();
  const log = recordedLog();
  const over = new AbortController();
  const onRecovery = vi.fn<() => void>();
  const away = new Set<string>();
  const faults: Error[] = [];
  const written: string[] = [];
  let calls = 0;
  const writeOne = ({ taskId, state }: ResultPut): PutOutcome | undefined => {
    if (away.has(taskId)) return undefined;
    written.push(`${taskId} ${state}`);
    return "stored";
  };
  const results = {
    put: async (puts: readonly ResultPut[]) => {
      calls += 1;
      await clock.sleep(1);
      const fault = faults.shift();
      if (fault !== undefined) throw fault;
      const outcomes = puts.map(writeOne);
      if (outcomes.includes(undefined)) throw new BackendUnavailableError("A node is away.", { outcomes });
      return outcomes;
    },
  } as unknown as Results;
  const retrying = { count: 0 };
  const writer = new ResultWriter({ results, clock, log, signal: over.signal, retrying, onRecovery });
  const states: string[] = [];
  const write = (record: ResultPut, isWanted = always): void => {
    const place = states.push("pending") - 1;
    writer.put(record, isWanted).then(
      (outcome) => (states[place] = outcome),
      (error: unknown) => (states[place] = (error as LovageError).code),
    );
  };
  return { clock, log, over, onRecovery, retrying, away, faults, written, writer, write, states, calls: () => calls };
};

test("what cannot be written while others can keeps nobody waiting, and the worker goes on", async () => {
  const { clock, log, retrying, away, writer, write, states, onRecovery } = setUp();
  away.add("b");
  for (const taskId of ["first", "a", "b", "c"]) write(put(taskId));
  await clock.advance(10);
  write(put("d"));
  await clock.advance(1_000);
  expect(states).toEqual(["stored", "stored", "pending", "stored", "stored"]);
  expect([writer.isFailing, retrying.count]).toEqual([false, 1]);
  away.clear();
  await clock.advance(6_000);
  expect([states[2], retrying.count, clock.pending]).toEqual(["stored", 0, 0]);
  expect(onRecovery).not.toHaveBeenCalled();
  expect(log.lines.filter(([level]) => level !== "debug").map(([level]) => level)).toEqual(["warn"]);
});

test("a lone record that only its node cannot take does not stop the worker", async () => {
  const { clock, away, writer, write, states, over, calls } = setUp();
  away.add("a");
  write(put("a"));
  await clock.advance(60_000);
  expect([states[0], writer.isFailing]).toEqual(["pending", false]);
  // Pauses grow to 5 s.
  expect(calls()).toBeLessThan(30);
  over.abort();
  await clock.advance(10);
  expect([states[0], clock.pending]).toEqual(["unwanted", 0]);
});

test("records of one task keep their order, and leave with those who may write them", async () => {
  const { clock, away, written, write, states } = setUp();
  let isHeld = true;
  away.add("a").add("b");
  write(put("first"));
  write(put("a", "STARTED"));
  write(put("b"), () => isHeld);
  await clock.advance(50);
  write(put("a", "FAILURE"));
  isHeld = false;
  await clock.advance(10_000);
  expect(states).toEqual(["stored", "pending", "unwanted", "pending"]);
  away.clear();
  await clock.advance(6_000);
  expect(written).toEqual(["first SUCCESS", "a STARTED", "a FAILURE"]);
  expect(states).toEqual(["stored", "stored", "unwanted", "stored"]);
});

test("a backend that is back in part is back for the worker", async () => {
  const { clock, away, faults, writer, write, states, onRecovery } = setUp();
  away.add("a");
  faults.push(new BackendUnavailableError("All of it is away."));
  write(put("a"));
  await clock.advance(10);
  expect(writer.isFailing).toBe(true);
  await clock.advance(1_000);
  expect([writer.isFailing, onRecovery.mock.calls.length, states[0]]).toEqual([false, 1, "pending"]);
  away.clear();
  await clock.advance(6_000);
  expect(states).toEqual(["stored"]);
});

test("where a thousand tasks wait aside the worker starts no more until there is room", async () => {
  const { clock, away, writer, write, states, onRecovery } = setUp();
  for (let id = 0; id < 1_000; id += 1) {
    away.add(String(id));
    write(put(String(id)));
  }
  await clock.advance(10);
  expect(writer.isFailing).toBe(true);
  away.delete("7");
  await clock.advance(6_000);
  expect([states[7], writer.isFailing, onRecovery.mock.calls.length]).toEqual(["stored", false, 1]);
  away.clear();
  await clock.advance(6_000);
  expect(new Set(states)).toEqual(new Set(["stored"]));
});
