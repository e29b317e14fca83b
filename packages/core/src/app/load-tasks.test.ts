import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { loadTasks } from "./load-tasks.ts";

const loaded: string[] = [];
(globalThis as { noteModule?: (name: string) => void }).noteModule = (name) => void loaded.push(name);

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), "lovage-tasks-"));
  loaded.length = 0;
});

afterEach(() => rmSync(directory, { recursive: true }));

/** Modules that say that they were loaded. */
function write(...names: readonly string[]): void {
  for (const name of names) {
    const file = path.join(directory, name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, `globalThis.noteModule(${JSON.stringify(name)});\n`);
  }
}

const load = async (globs: readonly string[], include: readonly string[] = []): Promise<readonly string[]> => {
  await loadTasks({ directory, globs, include });
  return loaded;
};

const refusal = (text: string): unknown =>
  expect.objectContaining({ code: "CONFIGURATION_INVALID", message: expect.stringContaining(text) as string });

describe("modules of tasks", () => {
  test("are found by globs, in order, each once, without packages, tests, declarations and folders", async () => {
    write("tasks/b.mjs", "tasks/a.mjs", "tasks/deep/er/c.mjs", "tasks/folder.mjs/d.mjs");
    write("tasks/a.test.mjs", "tasks/a.d.ts", "tasks/node_modules/x/e.mjs");
    const names = ["tasks/a.mjs", "tasks/b.mjs", "tasks/deep/er/c.mjs", "tasks/folder.mjs/d.mjs"];
    expect(await load(["tasks/**/*", "tasks/a.mjs"])).toEqual(names);
  });

  test("are found by braces, single stars and absolute globs", async () => {
    write("a/x.mjs", "b/x.mjs", "c/x.mjs", "b/deep/x.mjs");
    expect(await load(["{a,b}/*.mjs"])).toEqual(["a/x.mjs", "b/x.mjs"]);
    expect(await load([path.join(directory, "c", "*.mjs")])).toEqual(["a/x.mjs", "b/x.mjs", "c/x.mjs"]);
  });

  test("are loaded by their path as well", async () => {
    write("one.mjs");
    expect(await load([], ["one.mjs"])).toEqual(["one.mjs"]);
  });

  test("that are not there are named", async () => {
    write("tasks/a.mjs");
    await expect(load(["task/*.mjs"])).rejects.toEqual(refusal('No module fits the glob "task/*.mjs"'));
    await expect(load([], ["two.mjs"])).rejects.toEqual(refusal("two.mjs, which `include` names"));
  });
});
