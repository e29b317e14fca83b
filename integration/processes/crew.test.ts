import { spawnSync } from "node:child_process";
import { tmpdir } from "node:os";
import process from "node:process";
import { expect, test } from "vitest";
import { Crew } from "./crew.ts";
import { hasLivingMembers } from "./living-members.ts";

const sleeper = 'console.log("here"); setInterval(() => {}, 1000);';
const start = (crew: Crew, program: string) =>
  crew.start({ name: "child", command: process.execPath, args: ["-e", program], cwd: tmpdir(), env: {} });

test("whatever runs is ended, with what it has started", async () => {
  const crew = new Crew();
  const child = start(
    crew,
    `require("node:child_process").spawn(process.execPath, ["-e", ${JSON.stringify(sleeper)}]); ${sleeper}`,
  );
  await child.waitForLog(/here/u, 10_000);
  expect(hasLivingMembers(child.pid)).toBe(true);
  await crew[Symbol.asyncDispose]();
  expect(child.exit).toMatchObject({ signal: "SIGKILL" });
  await expect.poll(() => hasLivingMembers(child.pid)).toBe(false);
});

test("a stopped process is ended too", async () => {
  const crew = new Crew();
  const child = start(crew, sleeper);
  await child.waitForLog(/here/u, 10_000);
  child.signal("SIGSTOP");
  await crew[Symbol.asyncDispose]();
  expect(hasLivingMembers(child.pid)).toBe(false);
});

test("a process that ends and leaves another behind is a failure", async () => {
  const crew = new Crew();
  const child = start(
    crew,
    `const { spawn } = require("node:child_process");
     spawn(process.execPath, ["-e", ${JSON.stringify(sleeper)}], { stdio: "ignore" }).unref();`,
  );
  expect(await child.waitForEnd(10_000)).toMatchObject({ code: 0 });
  await expect(crew[Symbol.asyncDispose]()).rejects.toThrow("left processes behind");
});

test("what runs does not outlive a test that is killed", async () => {
  const program = `
    const { Crew } = await import(${JSON.stringify(new URL("crew.ts", import.meta.url).href)});
    const args = ["-e", ${JSON.stringify(sleeper)}];
    const child = new Crew().start({ name: "child", command: process.execPath, args, cwd: "/", env: {} });
    await child.waitForLog(/here/u, 10_000);
    console.log(child.pid);
    setTimeout(() => process.kill(process.pid, "SIGKILL"), 50);`;
  const { stdout } = spawnSync(process.execPath, ["--input-type=module", "--eval", program], { encoding: "utf8" });
  const group = Number(stdout);
  expect(group).toBeGreaterThan(0);
  await expect.poll(() => hasLivingMembers(group), { timeout: 20_000 }).toBe(false);
});
