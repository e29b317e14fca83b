import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import process from "node:process";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Child } from "../processes/child.ts";
import { Crew } from "../processes/crew.ts";
import { packedPackages } from "./packed-packages.ts";
import { asJavaScript, exampleFile } from "./readme-example.ts";

const installTimeoutMs = 300_000;
/** A user has this Node; the one that the machine has may be older. */
const env = { PATH: `${path.dirname(process.execPath)}${path.delimiter}${process.env["PATH"] ?? ""}` };

let directory: string;

beforeAll(async () => {
  directory = mkdtempSync(path.join(tmpdir(), "lovage-new-user-"));
  const tarballs = packedPackages(path.join(directory, "packed"));
  await using crew = new Crew();
  const install = start(crew, "npm", ["install", "--no-audit", "--no-fund", ...tarballs]);
  expect(await install.waitForEnd(installTimeoutMs), `npm wrote: ${install.log}`).toMatchObject({ code: 0 });
}, 2 * installTimeoutMs);

afterAll(() => rmSync(directory, { recursive: true, force: true }));

test.each([
  ["TypeScript", "ts", (code: string) => code],
  ["plain JavaScript", "js", asJavaScript],
])("in an empty directory, the README's example runs in %s: one worker, one caller", async (_, ending, convert) => {
  for (const name of ["tasks", "call"]) {
    writeFileSync(path.join(directory, `${name}.${ending}`), convert(exampleFile(`${name}.ts`)));
  }
  await using crew = new Crew();
  const worker = start(crew, "npx", ["lovage", "-A", `./tasks.${ending}`, "worker"]);
  const call = start(crew, "node", [`call.${ending}`]);
  expect(await call.waitForEnd(60_000)).toMatchObject({ code: 0 });
  expect(call.log).toMatch(/^5$/mu);
  worker.signalGroup("SIGINT");
  await worker.waitForEnd(30_000);
  expect(worker.log).toContain("Task succeeded.");
  expect(worker.log).toContain("Worker has stopped.");
});

function start(crew: Crew, command: string, args: readonly string[]): Child {
  return crew.start({ name: command, command, args, cwd: directory, env });
}
