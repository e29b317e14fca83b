import * as fc from "fast-check";
import { describe, expect, test } from "vitest";

import { chain } from "./chain.ts";
import { chord } from "./chord.ts";
import { group } from "./group.ts";
import type { Canvas } from "./signature.ts";
import { Simulation } from "./test-support/simulation.ts";

const handlers = {
  add: (...numbers: unknown[]) => (numbers as number[]).reduce((sum, number) => sum + number, 0),
  total: (numbers: unknown) => (numbers as number[]).reduce((sum, number) => sum + number, 0),
  list: (...args: unknown[]) => args,
  fail: () => {
    throw new TypeError("boom");
  },
};

/** Chains whose types do not matter here. */
const link = chain as unknown as (...steps: readonly Canvas[]) => ReturnType<Simulation["s"]>;
const fork = (members: readonly Canvas[]) => group(members as []);

describe("a chain", () => {
  test("feeds each result to the next step", async () => {
    const simulation = new Simulation(handlers);
    const result = await link(simulation.s("add", 1, 2), simulation.s("add", 10), simulation.si("add", 5)).delay();
    expect(simulation.history()).toEqual(["add(1,2)"]);
    simulation.run();
    expect(simulation.history()).toEqual(["add(1,2)", "add(3,10)", "add(5)"]);
    expect(await result.get()).toBe(5);
    const [first, second, third] = simulation.sent.map(({ call }) => call);
    expect([second?.parentId, third?.parentId]).toEqual([first?.id, second?.id]);
    expect([second?.rootId, third?.rootId]).toEqual([first?.id, first?.id]);
  });

  test("that fails ends all later steps with the same error, and calls errbacks once", async () => {
    const simulation = new Simulation(handlers);
    const steps = link(simulation.s("fail"), simulation.s("add", 1), simulation.s("add", 2));
    const result = await steps.onError(simulation.s("list") as never).delay();
    simulation.run();
    await expect(result.get()).rejects.toThrow("TypeError: boom");
    expect([...simulation.ended.values()].map(({ state }) => state)).toEqual([
      "FAILURE",
      "FAILURE",
      "FAILURE",
      "SUCCESS",
    ]);
    const [failed, errback] = simulation.sent.map(({ call }) => call);
    expect(errback).toMatchObject({ task: "list", args: [failed?.id], parentId: failed?.id, rootId: failed?.id });
    expect(simulation.sent).toHaveLength(2);
  });

  test("takes the arguments it still needs", async () => {
    const simulation = new Simulation(handlers);
    const result = await (
      link(simulation.s("add", 1), simulation.s("add", 2)).delay as (value: number) => Promise<{ get(): unknown }>
    )(10);
    simulation.run();
    expect(await result.get()).toBe(13);
  });

  test("of nothing is refused", () => {
    expect(() => link()).toThrow(expect.objectContaining({ code: "OPTION_INVALID" }));
  });
});

describe("a group", () => {
  test("sends all members at once, with their places, and gives their results in order", async () => {
    const simulation = new Simulation(handlers);
    const result = await group([simulation.s("add", 1), simulation.s("add", 2)]).delay();
    expect(simulation.sent.map(({ call }) => [call.groupId, call.groupIndex])).toEqual([
      [result.id, 0],
      [result.id, 1],
    ]);
    simulation.run();
    expect(await result.get()).toEqual([1, 2]);
  });

  test("of nothing cannot be sent", async () => {
    await expect(group([]).delay()).rejects.toMatchObject({ code: "OPTION_INVALID" });
  });
});

describe("a chord", () => {
  test("gives its body the results in the order of the header, whatever the order of their ends", async () => {
    const simulation = new Simulation(handlers);
    const result = await chord(
      fork([simulation.s("add", 1), simulation.s("add", 2)]),
      simulation.s("list", "end") as never,
    ).delay();
    simulation.run();
    expect(await result.get()).toEqual([[1, 2], "end"]);
    expect(simulation.joins.size).toBe(1);
  });

  test("of nothing sends its body at once", async () => {
    const simulation = new Simulation(handlers);
    const result = await chord(fork([]), simulation.s("total") as never).delay();
    simulation.run();
    expect(await result.get()).toBe(0);
    expect(simulation.joins.size).toBe(0);
  });

  test("whose body is a group sends that under its own id, which is the result's", async () => {
    const simulation = new Simulation(handlers);
    const header = fork([simulation.s("add", 1), simulation.s("add", 2)]);
    const body = fork([simulation.s("total"), simulation.s("list")]);
    const result = await link(header, body).delay();
    simulation.run();
    const groups = simulation.sent.map(({ call }) => [call.task, call.groupId]);
    const [[, headerId] = []] = groups;
    expect(result.id).not.toBe(headerId);
    expect(groups.slice(2)).toEqual([
      ["total", result.id],
      ["list", result.id],
    ]);
  });

  test("whose members all end in empty groups goes on with no results", async () => {
    const simulation = new Simulation(handlers);
    const result = await link(fork([link(simulation.s("add", 1), fork([]))]), simulation.s("list")).delay();
    simulation.run();
    expect(await result.get()).toEqual([[]]);
  });

  test("with a failing member ends its body, and what comes after it, with a ChordError", async () => {
    const simulation = new Simulation(handlers);
    const header = fork([simulation.s("add", 1), simulation.s("fail")]);
    const whole = link(header, simulation.s("total"), simulation.s("add", 1)).onError(simulation.s("list") as never);
    const result = await whole.delay();
    simulation.run();
    const failedId = simulation.sent[1]?.call.id;
    await expect(result.get()).rejects.toThrow(`ChordError: Dependency ${failedId} raised TypeError('boom')`);
    expect([...simulation.ended.values()].filter(({ lost }) => lost)).toHaveLength(2);
    expect(simulation.history()).toEqual(["add(1)", "fail()", `list("${bodyIdOf(simulation)}")`]);
  });

  test("inside of a chord reports its body to the outer one", async () => {
    const simulation = new Simulation(handlers);
    const inner = chord(fork([simulation.s("add", 1), simulation.s("add", 2)]), simulation.s("total") as never);
    const result = await link(fork([inner, simulation.s("add", 5)]), simulation.s("list")).delay();
    simulation.run();
    expect(await result.get()).toEqual([[3, 5]]);
  });

  test("keeps places for all members of a group that a member ends in", async () => {
    const simulation = new Simulation(handlers);
    const long = link(simulation.s("list", 0), fork([simulation.s("list", 1), simulation.s("list", 2)]));
    const result = await link(fork([long, simulation.si("list", 3)]), simulation.s("list")).delay();
    simulation.run();
    expect(await result.get()).toEqual([[[[0], 1], [[0], 2], [3]]]);
  });

  test("whose inner chord fails ends as well", async () => {
    const simulation = new Simulation(handlers);
    const inner = chord(fork([simulation.s("fail"), simulation.s("add", 2)]), simulation.s("total") as never);
    const result = await link(fork([inner, simulation.s("add", 5)]), simulation.s("list")).delay();
    simulation.run();
    await expect(result.get()).rejects.toThrow(/ChordError: Dependency .* raised ChordError\(/);
  });
});

/** The first step that was lost. */
function bodyIdOf({ ended }: Simulation): string | undefined {
  return [...ended].find(([, { lost }]) => lost)?.[0];
}

describe("options and links", () => {
  test("of a task stand over those of the workflow around it", async () => {
    const simulation = new Simulation(handlers);
    const steps = link(simulation.s("add", 1).set({ queue: "own" }), simulation.s("add", 2));
    await steps.set({ queue: "fast", priority: 7, countdown: 500 }).delay();
    simulation.run();
    expect(simulation.sent.map(({ send, call }) => [send.queue, call.priority, send.countdownMs])).toEqual([
      ["own", 7, 500],
      ["fast", 7, undefined],
    ]);
  });

  test("that name one task are refused for many", () => {
    const simulation = new Simulation(handlers);
    const steps = link(simulation.s("add", 1), simulation.s("add", 2));
    expect(() => steps.set({ taskId: "a" })).toThrow(
      expect.objectContaining({ code: "OPTION_INVALID", field: "taskId" }),
    );
  });

  test("callbacks go out with the result, beside the next step", async () => {
    const simulation = new Simulation(handlers);
    const first = simulation
      .s("add", 1, 2)
      .link(simulation.s("list", "x") as never)
      .link(simulation.si("list"));
    const result = await link(first, simulation.s("add", 10)).delay();
    simulation.run();
    expect(simulation.history()).toEqual(["add(1,2)", 'list(3,"x")', "list()", "add(3,10)"]);
    expect(await result.get()).toBe(13);
  });

  test("a signature is never changed, and can be sent again under another id", async () => {
    const simulation = new Simulation(handlers);
    const add = simulation.s("add", 1);
    void add.set({ queue: "other" });
    const [first, second] = [await add.delay(), await add.delay()];
    expect(first.id).not.toBe(second.id);
    expect(simulation.sent.map(({ send }) => send.queue)).toEqual(["default", "default"]);
    expect((await add.applyAsync([], { taskId: "mine" })).id).toBe("mine");
  });
});

/** A workflow as a tree, from which the signature and the expected result are made. */
type Tree =
  | { readonly kind: "task"; readonly tag: number; readonly immutable: boolean; readonly fails: boolean }
  | { readonly kind: "chain"; readonly parts: readonly Tree[] }
  | { readonly kind: "group"; readonly parts: readonly Tree[] };

function treesWith(failing: fc.Arbitrary<boolean>): fc.Arbitrary<Tree> {
  const task = fc.record({
    kind: fc.constant("task" as const),
    tag: fc.nat(9),
    immutable: fc.boolean(),
    fails: failing,
  });
  return fc.letrec<{ tree: Tree }>((tie) => ({
    tree: fc.oneof(
      { maxDepth: 5 },
      task,
      fc.record({ kind: fc.constant("chain" as const), parts: fc.array(tie("tree"), { minLength: 1, maxLength: 3 }) }),
      fc.record({ kind: fc.constant("group" as const), parts: fc.array(tie("tree"), { minLength: 1, maxLength: 3 }) }),
    ),
  })).tree;
}

function build(simulation: Simulation, tree: Tree): Canvas {
  if (tree.kind === "chain") return link(...tree.parts.map((part) => build(simulation, part)));
  if (tree.kind === "group") return fork(tree.parts.map((part) => build(simulation, part)));
  const name = tree.fails ? "fail" : "list";
  return tree.immutable ? simulation.si(name, tree.tag) : simulation.s(name, tree.tag);
}

/** What a workflow gives: one value, or those of its members. */
function evaluate(
  tree: Tree,
  before: readonly unknown[],
): { readonly many: boolean; readonly values: readonly unknown[] } {
  if (tree.kind === "task") return { many: false, values: [tree.immutable ? [tree.tag] : [...before, tree.tag]] };
  if (tree.kind === "group") return { many: true, values: tree.parts.flatMap((part) => evaluate(part, before).values) };
  let result = { many: false, values: before };
  let input = before;
  for (const part of tree.parts) {
    result = evaluate(part, input);
    input = result.many ? [result.values] : result.values;
  }
  return result;
}

function countTasks(tree: Tree): number {
  return tree.kind === "task" ? 1 : tree.parts.reduce((sum, part) => sum + countTasks(part), 0);
}

describe("any workflow", () => {
  const settings = { numRuns: 300 };
  // Workers end in any order.
  const order = fc.infiniteStream(fc.nat(999));

  test.each([
    ["lovage", false],
    ["celery", true],
  ] as const)("gives what its parts give, over messages of %s; delivered twice: %s", async (dialect, redeliver) => {
    await fc.assert(
      fc.asyncProperty(treesWith(fc.constant(false)), order, async (tree, next) => {
        const simulation = new Simulation(handlers, { dialect, redeliver });
        const result = await (build(simulation, tree) as ReturnType<Simulation["s"]>).delay();
        simulation.run((waiting) => (next.next().value as number) % waiting);
        const { many, values } = evaluate(tree, []);
        expect(await result.get()).toEqual(many ? values : values[0]);
        expect(new Set(simulation.runs.values())).toEqual(new Set([1]));
      }),
      settings,
    );
  });

  test("leaves nobody waiting when tasks fail", async () => {
    await fc.assert(
      fc.asyncProperty(treesWith(fc.boolean()), order, fc.boolean(), async (tree, next, redeliver) => {
        const simulation = new Simulation(handlers, { redeliver });
        const result = await (build(simulation, tree) as ReturnType<Simulation["s"]>).delay();
        simulation.run((waiting) => (next.next().value as number) % waiting);
        const ends = "results" in result ? (result.results as { get(): Promise<unknown> }[]) : [result];
        for (const end of ends) {
          const ended = await end.get().catch((error: unknown) => String(error));
          expect(ended).not.toBe("Error: PENDING");
        }
        expect(simulation.ended.size).toBe(countTasks(tree));
      }),
      settings,
    );
  });
});
