import { readFile, symlink } from "node:fs/promises";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { Program } from "../test-support/program.ts";
import type { Ended } from "../test-support/program.ts";
import { temporaryFolder } from "../test-support/temporary-folder.ts";
import type { TemporaryFolder } from "../test-support/temporary-folder.ts";

const production = import.meta.dirname;
const lovage = fileURLToPath(new URL("../../packages/core/bin/lovage.js", import.meta.url));
const patience = { timeout: 60_000 };

/** What each file runs after `node_modules/.bin/lovage`, read out of it. */
const commands = [
  { file: "Dockerfile", pattern: /^CMD \["node_modules\/\.bin\/lovage", (.*)\]$/mu, isJson: true },
  { file: "lovage-worker.service", pattern: /^ExecStart=\S+\/node_modules\/\.bin\/lovage (.*)$/mu, isJson: false },
  { file: "deployment.yaml", pattern: /^ +args: \[(.*)\]$/mu, isJson: true },
];

describe.each(commands)("the worker of $file", ({ file, pattern, isJson }) => {
  test("answers its probes, runs tasks, and stops in order at one signal", async () => {
    const text = await readFile(join(production, file), "utf8");
    const [, command = ""] = pattern.exec(text) ?? [];
    const args = isJson ? (JSON.parse(`[${command}]`) as string[]) : command.split(" ");
    const port = await freePort();
    await using folder = await folderOfTheShop();
    await using worker = new Program({ args: [lovage, ...withPort(args, port)], cwd: folder.path });
    const probes = [...text.matchAll(/path: (\/\w+)/gu)].map(([, path = ""]) => path);
    for (const path of new Set(["/ready", "/live", ...probes])) {
      await expect.poll(() => statusOf(port, path), patience).toBe(200);
    }

    expect(await call(folder)).toMatchObject({ code: 0, stdout: "5\n" });
    await expect
      .poll(() => textOf(port, "/metrics"), patience)
      .toContain('lovage_tasks_total{task="shop.add",outcome="success"} 1');
    expect(await worker.stop()).toMatchObject({ code: 0 });
  });
});

test("a worker in a program of one's own runs tasks, and stops in order at SIGTERM", async () => {
  await using folder = await folderOfTheShop();
  await using worker = new Program({ args: ["own-worker.ts"], cwd: folder.path });
  expect(await call(folder)).toMatchObject({ code: 0, stdout: "5\n" });
  expect(await worker.stop()).toMatchObject({ code: 0 });
});

test("the operator's programs tell how deep queues are, and cancel calls by their ids", async () => {
  await using folder = await folderOfTheShop();
  await using sent = new Program({ args: [lovage, "-A", "tasks.ts", "call", "shop.add"], cwd: folder.path });
  const { stdout } = await sent.ended;
  await using depths = new Program({ args: ["queue-depths.ts"], cwd: folder.path });
  expect((await depths.ended).stdout).toMatch(/^default: 1 wait, the oldest for \d+ s, 0 dead letters\n$/u);
  await using cancelled = new Program({ args: ["cancel.ts", stdout.trim()], cwd: folder.path });
  expect((await cancelled.ended).stdout).toBe(`${stdout.trim()} cancelled\n`);
});

/** A folder with the programs, in which the embedded file is made. */
async function folderOfTheShop(): Promise<TemporaryFolder> {
  const folder = await temporaryFolder();
  for (const name of ["tasks.ts", "own-worker.ts", "queue-depths.ts", "cancel.ts"]) {
    await symlink(join(production, name), join(folder.path, name));
  }
  return folder;
}

async function call({ path }: TemporaryFolder): Promise<Ended> {
  const args = [lovage, "-A", "./tasks.ts", "call", "shop.add", "--args", "[2, 3]", "--wait", "--timeout", "60s"];
  await using caller = new Program({ args, cwd: path });
  return await caller.ended;
}

function withPort(args: readonly string[], port: number): readonly string[] {
  return args.map((arg, index) => (args[index - 1] === "--http" ? `127.0.0.1:${port}` : arg));
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => void server.close(resolve));
  return port;
}

async function statusOf(port: number, path: string): Promise<number | undefined> {
  try {
    return (await fetch(`http://127.0.0.1:${port}${path}`)).status;
  } catch {
    // Nobody listens yet.
    return undefined;
  }
}

async function textOf(port: number, path: string): Promise<string> {
  return await (await fetch(`http://127.0.0.1:${port}${path}`)).text();
}
