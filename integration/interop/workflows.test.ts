import { chain, chord, group } from "lovage";
import { expect, test } from "vitest";
import { describeInterop } from "./scene/describe-interop.ts";
import type { InteropScene } from "./scene/interop-scene.ts";

const soon = { timeout: "60s" } as const;

function remotes({ client }: InteropScene) {
  return {
    tsAdd: client.remote<(x: number, y: number) => number>("ts.add"),
    pyAdd: client.remote<(x: number, y: number) => number>("py.add"),
    tsTotal: client.remote<(numbers: number[]) => number>("ts.total"),
    pyTotal: client.remote<(numbers: number[]) => number>("py.total"),
  };
}

const py = (task: string, ...args: unknown[]) => ({ task: `py.${task}`, args, options: { queue: "celery" } });
const ts = (task: string, ...args: unknown[]) => ({ task: `ts.${task}`, args, options: { queue: "default" } });

const begin = (scene: InteropScene): Promise<unknown> =>
  Promise.all([scene.startPythonWorker(), scene.startLovageWorker(), scene.python]);

describeInterop("a workflow over both languages", { begin }, (scene) => {
  test("a chain of Lovage's goes through Python and back", async () => {
    const { tsAdd, pyAdd } = remotes(scene());
    const result = await chain(tsAdd.s(1, 2), pyAdd.s(10), tsAdd.s(100)).delay();
    expect(await result.get(soon)).toBe(113);
  });

  test("a chain of Python's goes through Lovage and back", async () => {
    const python = await scene().python;
    const { id } = await python.canvas({ chain: [py("add", 1, 2), ts("add", 10), py("add", 100)] });
    expect(await python.get(id)).toMatchObject({ state: "SUCCESS", value: 113 });
  });

  test("a chain that fails in one language fails in the other", async () => {
    const python = await scene().python;
    const { id } = await python.canvas({ chain: [ts("fail"), py("add", 100)] });
    expect(await python.get(id)).toMatchObject({ state: "FAILURE", error: { type: "PaymentError" } });
    const { client } = scene();
    const failing = client.remote<() => number>("py.fail");
    const result = await chain(failing.s(), remotes(scene()).tsAdd.s(1)).delay();
    await expect(result.get(soon)).rejects.toMatchObject({ name: "ValueError" });
  });

  test("a group has members of both", async () => {
    const { tsAdd, pyAdd } = remotes(scene());
    const result = await group([tsAdd.s(1, 1), pyAdd.s(2, 2), tsAdd.s(3, 3)]).delay();
    expect(await result.get(soon)).toEqual([2, 4, 6]);
    const python = await scene().python;
    const { members = [] } = await python.canvas({ group: [ts("add", 1, 1), py("add", 2, 2)] });
    const values: unknown[] = [];
    for (const id of members) values.push((await python.get(id)).value);
    expect(values).toEqual([2, 4]);
  });
});

describeInterop("a chord over both languages", { features: ["chords"], begin }, (scene) => {
  test.each([1, 2, 3])("a chord of Lovage's counts members of both, whoever comes last (round %i)", async () => {
    const { tsAdd, pyAdd, tsTotal, pyTotal } = remotes(scene());
    const header = group([tsAdd.s(1, 1), pyAdd.s(2, 2), tsAdd.s(3, 3), pyAdd.s(4, 4)]);
    const [inLovage, inPython] = await Promise.all([
      chord(header, tsTotal.s()).delay(),
      chord(header, pyTotal.s()).delay(),
    ]);
    expect(await inLovage.get(soon)).toBe(20);
    expect(await inPython.get(soon)).toBe(20);
  });

  test.each([1, 2, 3])("a chord of Python's counts members of both, whoever comes last (round %i)", async () => {
    const python = await scene().python;
    const header = [ts("add", 1, 1), py("add", 2, 2), ts("add", 3, 3), py("add", 4, 4)];
    const inLovage = await python.canvas({ chord: header, body: ts("total") });
    const inPython = await python.canvas({ chord: header, body: py("total") });
    expect(await python.get(inLovage.id)).toMatchObject({ state: "SUCCESS", value: 20 });
    expect(await python.get(inPython.id)).toMatchObject({ state: "SUCCESS", value: 20 });
  });

  test("a chord of Python's whose members all run on Lovage is finished by Lovage", async () => {
    const python = await scene().python;
    const { id } = await python.canvas({ chord: [ts("add", 1, 1), ts("add", 2, 2)], body: py("total") });
    expect(await python.get(id)).toMatchObject({ state: "SUCCESS", value: 6 });
  });

  test("a chord with a member that fails fails its body, in either language", async () => {
    const python = await scene().python;
    const { id } = await python.canvas({ chord: [py("add", 1, 1), ts("fail")], body: py("total") });
    expect(await python.get(id)).toMatchObject({ state: "FAILURE", error: { type: "ChordError" } });
    const { tsAdd, tsTotal } = remotes(scene());
    const failing = scene().client.remote<() => number>("py.fail");
    const result = await chord(group([tsAdd.s(1, 1), failing.s()]), tsTotal.s()).delay();
    await expect(result.get(soon)).rejects.toMatchObject({ name: "ChordError" });
  });
});
