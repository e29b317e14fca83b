import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import process from "node:process";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Guard } from "./guard.ts";

let directory: string;
let file: string;

beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), "lovage-guard-"));
  file = path.join(directory, "command has run");
});
afterEach(() => rmSync(directory, { recursive: true }));

const guardModule = new URL("guard.ts", import.meta.url).href;

async function runGuarded(ending: string): Promise<void> {
  const program = `
    const { Guard } = await import(${JSON.stringify(guardModule)});
    const guard = new Guard(["/usr/bin/touch", ${JSON.stringify(file)}]);
    ${ending}`;
  const child = spawn(process.execPath, ["--input-type=module", "--eval", program], { stdio: "inherit" });
  await once(child, "exit");
}

test.each([
  ["is killed", 'process.kill(process.pid, "SIGKILL"); setInterval(() => {}, 1000);'],
  ["ends by itself", "process.exitCode = 0;"],
])("the command runs when the process %s", async (_how, ending) => {
  await runGuarded(ending);
  await expect.poll(() => existsSync(file), { timeout: 20_000 }).toBe(true);
});

test("the command does not run once it was released", async () => {
  const guard = new Guard(["/usr/bin/touch", file]);
  await guard.release();
  expect(existsSync(file)).toBe(false);
});

test("it can be released twice", async () => {
  const guard = new Guard(["/usr/bin/touch", file]);
  await guard.release();
  await guard.release();
  expect(existsSync(file)).toBe(false);
});
