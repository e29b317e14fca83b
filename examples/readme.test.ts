import { readFile, symlink } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import type { ConsoleBlock } from "./test-support/console-blocks.ts";
import { consoleBlocks } from "./test-support/console-blocks.ts";
import { Program } from "./test-support/program.ts";
import { temporaryFolder } from "./test-support/temporary-folder.ts";

const examples = import.meta.dirname;
const lovage = fileURLToPath(new URL("../packages/core/bin/lovage.js", import.meta.url));
const blocks = consoleBlocks(await readFile(join(examples, "README.md"), "utf8"));

test("the README shows commands of every kind of example", () => {
  expect(blocks.map(({ command }) => command)).toEqual([
    "node quickstart/call.ts",
    "node quickstart-js/call.js",
    "node tasks/call.ts",
    "node tasks/charge.ts",
    "node tasks/render.ts",
    "node workflows/compose.ts",
    "node workflows/failures.ts",
    "node retries/main.ts",
    "node remote/call.ts",
    "node schedules/plan.ts",
  ]);
});

test.each(blocks)("$command prints what the README says", async ({ background, command, output }: ConsoleBlock) => {
  // The embedded file is made in the folder of whoever types the command.
  await using folder = await temporaryFolder();
  for (const name of ["quickstart", "quickstart-js", "tasks", "workflows", "retries", "remote", "schedules"]) {
    await symlink(join(examples, name), join(folder.path, name));
  }
  await using running = new AsyncDisposableStack();
  const workers = background.map((line) => running.use(start(line, folder.path)));
  const called = await running.use(start(command, folder.path)).ended;
  expect(called).toMatchObject({ code: 0, stdout: `${output}\n` });
  const stopped = await Promise.all(workers.map((worker) => worker.stop()));
  expect(stopped.map(({ code }) => code)).toEqual(background.map(() => 0));
  await expect.poll(() => workers.some((worker) => worker.isAlive())).toBe(false);
});

/** Runs `node …` or `npx lovage …` as somebody would who has it installed. */
function start(line: string, cwd: string): Program {
  const [first, second, ...rest] = line.split(" ");
  if (first === "node") return new Program({ args: [second ?? "", ...rest], cwd });
  if (first === "npx" && second === "lovage") return new Program({ args: [lovage, ...rest], cwd });
  throw new Error(`The README says "${line}"; this test knows node and npx lovage.`);
}
