import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import process from "node:process";
import { createInterface } from "node:readline";
import { afterEach, beforeEach, expect, test } from "vitest";
import { describeOwnServer } from "../describe-own-server.ts";
import { catalogue } from "../catalogue.ts";
import { serviceNames } from "../service-name.ts";
import { listProcesses } from "./list-processes.ts";

const serverModule = new URL("private-server.ts", import.meta.url).href;
const goneMs = 20_000;

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), "lovage-owner-"));
  // Servers of other users go through it.
  chmodSync(directory, 0o755);
});
afterEach(() => rmSync(directory, { recursive: true, maxRetries: 5 }));

/** Runs a program that starts a server, in a temporary folder of its own. @returns how it ended, and what it had started */
async function run(
  name: string,
  program: string,
): Promise<{ readonly how: unknown; readonly tree: readonly number[] }> {
  const text = `
    const { PrivateServer } = await import(${JSON.stringify(serverModule)});
    const server = await PrivateServer.start(${JSON.stringify(name)});
    console.log("started");
    process.stdin.once("data", async () => { ${program} });`;
  const owner = spawn(process.execPath, ["--input-type=module", "--eval", text], {
    stdio: ["pipe", "pipe", "inherit"],
    env: { ...process.env, TMPDIR: directory },
  });
  await once(createInterface({ input: owner.stdout }), "line");
  const tree = findDescendants(owner.pid!);
  owner.stdin.write("go on");
  const [code, signal] = (await once(owner, "exit")) as [number | null, string | null];
  return { how: signal ?? code, tree };
}

function findDescendants(root: number): readonly number[] {
  const children = listProcesses().filter(({ parent }) => parent === root);
  return children.map(({ pid }) => pid).concat(children.flatMap(({ pid }) => findDescendants(pid)));
}

async function expectNothingLeft(tree: readonly number[]): Promise<void> {
  // The server and its two guards at least.
  expect(tree.length).toBeGreaterThanOrEqual(3);
  const findLeft = () => listProcesses().filter(({ pid }) => tree.includes(pid));
  await expect.poll(findLeft, { timeout: goneMs }).toEqual([]);
  expect(readdirSync(directory)).toEqual([]);
}

const kill = 'process.kill(process.pid, "SIGKILL");';

for (const name of serviceNames.filter((each) => catalogue[each].isSecondOpinion !== true)) {
  describeOwnServer(name, () => {
    test("ends with the process that started it, even when that is killed", async () => {
      const { how, tree } = await run(name, kill);
      expect(how).toBe("SIGKILL");
      await expectNothingLeft(tree);
    });
  }, ["private"]);
}

// Each of its processes is in a group of its own.
describeOwnServer(
  "postgres",
  () => {
    test("ends with the process that started it also while it is frozen", async () => {
      const { how, tree } = await run("postgres", `await server.pause(); ${kill}`);
      expect(how).toBe("SIGKILL");
      await expectNothingLeft(tree);
    });
  },
  ["private"],
);

describeOwnServer(
  "redis",
  () => {
    test("ends with a process that forgets it and ends by itself", async () => {
      const { how, tree } = await run("redis", "process.exit(3);");
      expect(how).toBe(3);
      await expectNothingLeft(tree);
    });

    test("keeps no process alive, and leaves nothing, once it was disposed of", async () => {
      const { how, tree } = await run("redis", "process.stdin.destroy(); await server[Symbol.asyncDispose]();");
      expect(how).toBe(0);
      await expectNothingLeft(tree);
    });
  },
  ["private"],
);
