import { BackendUnavailableError, DocumentTooLargeError } from "@lovage/backend";
import type { PutOutcome, ResultPut, Results } from "@lovage/backend";
import { virtualClock } from "@lovage/foundation";
import { describe, expect, test, vi } from "vitest";
import { recordedLog } from "../../test-support/recorded-log.ts";
import { resultPut as put } from "../../test-support/result-put.ts";
import { ResultWriter } from "./result-writer.ts";

const always = (): boolean => true;

/** A backend that answers when it is told to. */
const setUp = () => {
  const clock = virtualClock();
  const log = recordedLog();
  const over = new AbortController();
  const onRecovery = vi.fn<() => void>();
  const batches: string[][] = [];
  const answers: PromiseWithResolvers<readonly PutOutcome[]>[] = [];
  const results = {
    put: (puts: readonly ResultPut[]) => {
      batches.push(puts.map(({ taskId }) => taskId));
      const answer = Promise.withResolvers<readonly PutOutcome[]>();
      answers.push(answer);
      return answer.promise;
    },
  } as unknown as Results;
  const writer = new ResultWriter({ results, clock, log, signal: over.signal, retrying: { count: 0 }, onRecovery });
  const answer = async (with_: readonly PutOutcome[] | Error): Promise<void> => {
    const next = answers.shift();
    if (with_ instanceof Error) next?.reject(with_);
    else next?.resolve(with_);
    await clock.advance(0);
  };
  return { clock, log, over, onRecovery, batches, writer, answer };
};

const away = new BackendUnavailableError("The store is away.");

describe("a writer of results", () => {
  test("writes a lone record at once, and together what comes meanwhile", async () => {
    const { writer, batches, answer } = setUp();
    const outcomes = Promise.all([
      writer.put(put("a"), always),
      writer.put(put("b"), always),
      writer.put(put("c"), always),
    ]);
    expect(batches).toEqual([["a"]]);
    await answer(["stored"]);
    expect(batches).toEqual([["a"], ["b", "c"]]);
    await answer(["stale", "final"]);
    await expect(outcomes).resolves.toEqual(["stored", "stale", "final"]);
  });

  test("tries again while the backend is away, with growing pauses, and tells both changes once", async () => {
    const { writer, batches, answer, clock, log, onRecovery } = setUp();
    const outcome = writer.put(put("a"), always);
    for (let n = 0; n < 3; n += 1) {
      await answer(away);
      expect(writer.isFailing).toBe(true);
      await clock.advance(5_000);
    }
    expect(batches).toHaveLength(4);
    await answer(["stored"]);
    await expect(outcome).resolves.toBe("stored");
    expect(writer.isFailing).toBe(false);
    expect(onRecovery).toHaveBeenCalledOnce();
    expect(log.lines.map(([level]) => level)).toEqual(["warn", "info"]);
    expect(clock.pending).toBe(0);
  });

  test("leaves out of the next attempt what nobody may write any more", async () => {
    const { writer, batches, answer, clock } = setUp();
    let isHeld = true;
    await Promise.all([writer.put(put("first"), always), answer(["stored"])]);
    const outcomes = [writer.put(put("a"), always), writer.put(put("b"), () => isHeld), writer.put(put("c"), always)];
    await answer(["stored"]);
    await answer(away);
    isHeld = false;
    await clock.advance(5_000);
    expect(batches.at(-1)).toEqual(["c"]);
    await answer(["stored"]);
    await expect(Promise.all(outcomes)).resolves.toEqual(["stored", "unwanted", "stored"]);
  });

  test("gives up when nobody may write any more, and lets the worker try again", async () => {
    const { writer, answer, clock, onRecovery } = setUp();
    let isHeld = true;
    const outcome = writer.put(put("a"), () => isHeld);
    await answer(away);
    isHeld = false;
    await clock.advance(5_000);
    await expect(outcome).resolves.toBe("unwanted");
    expect(writer.isFailing).toBe(false);
    expect(onRecovery).toHaveBeenCalledOnce();
  });

  test("writes the others of a batch in which one is refused", async () => {
    const { writer, batches, answer } = setUp();
    await Promise.all([writer.put(put("first"), always), answer(["stored"])]);
    const outcomes = [writer.put(put("x"), always), writer.put(put("bad"), always), writer.put(put("good"), always)];
    const settled = Promise.allSettled(outcomes);
    await answer(["stored"]);
    const error = new DocumentTooLargeError("A result", { bytes: 2, maxBytes: 1 });
    await answer(error);
    await answer(error);
    await answer(["stored"]);
    expect(
      (await settled).map((outcome) => (outcome.status === "fulfilled" ? outcome.value : (outcome.reason as Error))),
    ).toEqual(["stored", error, "stored"]);
    expect(batches.slice(-2)).toEqual([["bad"], ["good"]]);
  });

  test("lets the worker go on when the backend is back with nothing but a refusal", async () => {
    const { writer, answer, clock, onRecovery } = setUp();
    const outcome = writer.put(put("bad"), always);
    await answer(away);
    await clock.advance(5_000);
    const error = new DocumentTooLargeError("A result", { bytes: 2, maxBytes: 1 });
    await Promise.all([expect(outcome).rejects.toBe(error), answer(error)]);
    expect(writer.isFailing).toBe(false);
    expect(onRecovery).toHaveBeenCalledOnce();
  });

  test("stops trying when all is over", async () => {
    const { writer, answer, over, clock } = setUp();
    const outcome = writer.put(put("a"), always);
    await answer(away);
    over.abort();
    await expect(outcome).resolves.toBe("unwanted");
    expect(clock.pending).toBe(0);
  });
});
