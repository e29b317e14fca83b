import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import process from "node:process";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Child } from "../processes/child.ts";
import { Crew } from "../processes/crew.ts";
import { packedPackages } from "./packed-packages.ts";
import { asJavaScript, exampleFile } from "./readme-example.ts";

const installTimeoutMs = 300_000;
/** A user has this Node; the one that the machine has may be older. */
const env = { PATH: `${path.dirname(process.execPath)}${path.delimiter}${process.env["PATH"] ?? ""}` };

let packed: string;
let tarballs: readonly string[];

beforeAll(() => {
  packed = mkdtempSync(path.join(tmpdir(), "lovage-new-user-packed-"));
  tarballs = packedPackages(packed);
}, installTimeoutMs);

afterAll(() => rmSync(packed, { recursive: true, force: true }));

describe.each([
  ["the Node of the workspace", process.version, []],
  // From a package of its own, it comes before any other on the path of npx.
  ["the oldest Node that is promised", "v22.18.0", ["node@22.18.0"]],
])(
  "in an empty directory, with %s, the README's example runs with one worker and one caller",
  (_, version, besides) => {
    let directory: string;
    // Asked for by its path: npx takes the one that npm runs on before the path is searched.
    const node = (): string =>
      besides.length === 0 ? process.execPath : path.join(directory, "node_modules/.bin/node");

    beforeAll(async () => {
      directory = mkdtempSync(path.join(tmpdir(), "lovage-new-user-"));
      await using crew = new Crew();
      const args = ["install", "--no-audit", "--no-fund", ...tarballs, ...besides];
      const install = crew.start({ name: "npm", command: "npm", args, cwd: directory, env });
      expect(await install.waitForEnd(installTimeoutMs), `npm wrote: ${install.log}`).toMatchObject({ code: 0 });
      const asked = crew.start({ name: "node", command: node(), args: ["--version"], cwd: directory, env });
      await asked.waitForEnd(30_000);
      expect(asked.log).toContain(version);
    }, installTimeoutMs);

    afterAll(() => rmSync(directory, { recursive: true, force: true }));

    test.each([
      ["TypeScript", "ts", (code: string) => code],
      ["plain JavaScript", "js", asJavaScript],
    ])("in %s", async (_language, ending, convert) => {
      for (const name of ["tasks", "call"]) {
        writeFileSync(path.join(directory, `${name}.${ending}`), convert(exampleFile(`${name}.ts`)));
      }
      await using crew = new Crew();
      const start = (command: string, ...args: readonly string[]): Child =>
        crew.start({ name: command, command, args, cwd: directory, env });
      const worker = start("npx", "lovage", "-A", `./tasks.${ending}`, "worker");
      const call = start(node(), `call.${ending}`);
      expect(await call.waitForEnd(60_000), `the caller wrote: ${call.log}`).toMatchObject({ code: 0 });
      expect(call.log).toMatch(/^5$/mu);
      worker.signalGroup("SIGINT");
      await worker.waitForEnd(30_000);
      expect(worker.log).toContain("Task succeeded.");
      expect(worker.log).toContain("Worker has stopped.");
    });
  },
);
