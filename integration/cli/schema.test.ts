import { readdirSync } from "node:fs";
import { afterEach, expect, test } from "vitest";
import { Folder, type Ended } from "./test-support/command.ts";

const apart = `import { createApp } from "lovage";
export const app = createApp({ broker: "sqlite:queue.db", backend: "memory:", coordination: "sqlite:locks.db" });`;

const opened = `import { sqliteTransport } from "@lovage/transport-sqlite";
import { createApp } from "lovage";
export const app = createApp({ broker: await sqliteTransport({ url: "sqlite:queue.db" }) });`;

let folder: Folder;

afterEach(() => folder.remove());

const schema = (verb: "plan" | "apply", file = "tasks.ts"): Promise<Ended> => folder.run(["-A", file, "schema", verb]);

test("plan prints what makes the tables and makes nothing, apply makes them, and then nothing is left to do", async () => {
  folder = new Folder();
  const before = readdirSync(folder.path);
  const planned = await schema("plan");
  expect(planned).toMatchObject({ code: 0, stderr: "" });
  expect(planned.stdout).toMatch(/^-- broker: version 0 to \d+\n(.*\n)*CREATE TABLE (.*\n)*-- backend: version 0 to/);
  expect(readdirSync(folder.path)).toEqual(before);
  expect(await schema("plan")).toEqual(planned);
  const applied = await schema("apply");
  expect(applied).toMatchObject({ code: 0, stderr: "" });
  expect(applied.stdout.replaceAll(", done\n", "\n")).toBe(planned.stdout);
  const nothingToDo = /^-- broker: version \d+, nothing to do\n-- backend: version \d+, nothing to do\n$/;
  expect((await schema("plan")).stdout).toMatch(nothingToDo);
  expect((await schema("apply")).stdout).toMatch(nothingToDo);
});

test("the tables of a coordination of its own are planned and applied, and a store without tables is told", async () => {
  folder = new Folder({ "apart.ts": apart });
  const planned = await schema("plan", "apart.ts");
  expect(planned).toMatchObject({ code: 0, stderr: "" });
  expect(planned.stdout).toMatch(/^-- broker: version 0 to/);
  expect(planned.stdout).toMatch(/^-- backend: has no tables of ours\n-- coordination: version 0 to \d+\nCREATE/m);
  await schema("apply", "apart.ts");
  expect((await schema("plan", "apart.ts")).stdout).toMatch(/^-- coordination: version \d+, nothing to do\n$/m);
});

test("tables are brought to a version that is named; what no store has, and what this release does not know, is refused", async () => {
  folder = new Folder();
  const to = (...versions: readonly string[]): Promise<Ended> =>
    folder.run(["-A", "tasks.ts", "schema", "apply", ...versions.flatMap((version) => ["--to", version])]);
  const made = await to("transport=1");
  expect(made).toMatchObject({ code: 0, stderr: "" });
  expect(made.stdout).toMatch(/^-- broker: version 0 to 1, done\n(.*\n)*-- backend: version 0, nothing to do\n$/);
  const unknown = await to("transport=1", "brokr=1");
  expect(unknown).toMatchObject({ code: 1, stdout: "" });
  expect(unknown.stderr).toMatch(/names brokr, .* there are transport, backend\. Nothing was changed/);
  await schema("apply");
  const newer = await to("backend=1", "transport=999");
  expect(newer).toMatchObject({ code: 1, stdout: "" });
  expect(newer.stderr).toMatch(/knows versions 1 to \d+ of the tables of transport, not 999/);
});

test("of a store that the module opens itself it is told that this made its tables", async () => {
  folder = new Folder({ "opened.ts": opened });
  expect(await schema("plan", "opened.ts")).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^-- broker: version \d+, nothing to do; the app's module opens it/) as string,
  });
});
