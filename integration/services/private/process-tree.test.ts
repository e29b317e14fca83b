import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import process from "node:process";
import { afterEach, beforeEach, expect, test } from "vitest";
import { listProcesses } from "./list-processes.ts";
import { continueTree, killTree, stopTree } from "./process-tree.ts";

// It starts a child in a session of its own, as PostgreSQL does, which tells its pid and then counts.
const counter = "let n = 0; setInterval(() => console.log(process.pid, n += 1), 5);";
const program = `
  const { spawn } = require("node:child_process");
  spawn(process.execPath, ["-e", ${JSON.stringify(counter)}], { detached: true, stdio: "inherit" });
  setInterval(() => {}, 1000);`;

let leader: ChildProcess;
let printed: string;

beforeEach(async () => {
  leader = spawn(process.execPath, ["-e", program], { detached: true, stdio: ["ignore", "pipe", "inherit"] });
  printed = "";
  leader.stdout?.on("data", (text: Buffer) => (printed += text.toString()));
  await expect.poll(() => printed, { timeout: 20_000 }).toContain("\n");
});
afterEach(async () => await killTree(leader.pid!));

const child = () => Number(printed.split(" ")[0]);
const isRunning = (pid: number) => listProcesses().some((each) => each.pid === pid);

test("what was frozen does nothing until it may go on", async () => {
  expect(stopTree(leader.pid!)).toEqual(expect.arrayContaining([leader.pid, child()]));
  // What it had written before it froze has arrived once a process that was started later has ended.
  await once(spawn(process.execPath, ["-e", ""]), "exit");
  const frozen = printed;
  await once(spawn(process.execPath, ["-e", ""]), "exit");
  expect(printed).toBe(frozen);
  continueTree(leader.pid!);
  await expect.poll(() => printed.length).toBeGreaterThan(frozen.length);
});

test("what is killed is gone, also what was frozen and what has a session of its own", async () => {
  stopTree(leader.pid!);
  await killTree(leader.pid!);
  expect([leader.pid!, child()].filter(isRunning)).toEqual([]);
});

test("killing what has ended does nothing", async () => {
  await killTree(leader.pid!);
  await killTree(leader.pid!);
  expect(isRunning(leader.pid!)).toBe(false);
});
