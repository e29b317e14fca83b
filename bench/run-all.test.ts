import { expect, test } from "vitest";
import { cases } from "./cases/cases.ts";
import { peers } from "./peers/peers.ts";
import { chosenQuestions } from "./plan.ts";
import { runAll } from "./run-all.ts";
import type { RunOptions } from "./run-all.ts";
import type { Sitting } from "./sittings/sitting.ts";
import { sittingFacts } from "./sittings/sitting-facts.ts";

const questions = chosenQuestions({ cases, peers, groups: ["drain-1@sqlite", "drain-1@memory", "drain-4@sqlite"] });

/** A bench whose measurements give their number; those of the peers named fail. */
function benchOf(failing: readonly string[] = []) {
  const asked: string[] = [];
  const kept: Sitting[] = [];
  const measure: RunOptions["measure"] = async ({ benchCase, peer }) => {
    await Promise.resolve();
    asked.push(`${benchCase.name} ${peer.name}`);
    if (failing.includes(peer.name)) throw new Error(`${peer.name} is broken.`);
    return { perSecond: asked.length };
  };
  const options: RunOptions = {
    scale: "full",
    runs: 2,
    profile: undefined,
    servers: { of: () => undefined },
    facts: sittingFacts(),
    signal: new AbortController().signal,
    onProgress: () => {},
    onSitting: (sitting) => kept.push(sitting),
    measure,
  };
  return { asked, kept, options };
}

const turns = (name: string, store: string): readonly string[] =>
  ["raw", "lovage", "raw", "lovage"].map((peer) => `${name} ${peer}-${store}`);

test("the peers of one case and store are asked in turn, before another case or store", async () => {
  const { asked, kept, options } = benchOf();
  const sittings = await runAll(questions, options);
  expect(asked).toEqual([...turns("drain-1", "sqlite"), ...turns("drain-1", "memory"), ...turns("drain-4", "sqlite")]);
  expect(sittings.map((sitting) => [sitting.case, sitting.store, sitting.loads.length])).toEqual([
    ["drain-1", "sqlite", 2],
    ["drain-1", "memory", 2],
    ["drain-4", "sqlite", 2],
  ]);
  expect(sittings[0]?.results.map(({ runs }) => runs)).toEqual([
    [{ perSecond: 1 }, { perSecond: 3 }],
    [{ perSecond: 2 }, { perSecond: 4 }],
  ]);
  expect(kept).toEqual(sittings);
});

test("a peer that fails is left out from there on and named, and the others are asked on", async () => {
  const { asked, options } = benchOf(["raw-sqlite"]);
  const [first, second] = await runAll(questions, options);
  expect(asked.slice(0, 3)).toEqual(["drain-1 raw-sqlite", "drain-1 lovage-sqlite", "drain-1 lovage-sqlite"]);
  expect(first?.failed).toEqual({ "raw-sqlite": "raw-sqlite is broken." });
  expect(first?.results.map(({ peer }) => peer)).toEqual(["lovage-sqlite"]);
  expect(second?.failed).toEqual({});
});

test("an interrupted run ends, and what was whole before has been told", async () => {
  const { kept, options } = benchOf();
  const interrupted = new AbortController();
  const told = runAll(questions, {
    ...options,
    signal: interrupted.signal,
    measure: async ({ peer }) => {
      await Promise.resolve();
      if (peer.store === "memory") interrupted.abort();
      interrupted.signal.throwIfAborted();
      return { perSecond: 1 };
    },
  });
  await expect(told).rejects.toThrow("aborted");
  expect(kept.map((sitting) => sitting.store)).toEqual(["sqlite"]);
});
