import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import process from "node:process";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";

import { afterAll, beforeAll, expect, test } from "vitest";

import type { DriverModule, ResolveDriverOptions } from "../index.ts";
import { resolveDriver } from "../index.ts";

let root: string;
beforeAll(() => void (root = mkdtempSync(path.join(tmpdir(), "lovage-resolve-"))));
afterAll(() => rmSync(root, { recursive: true }));

const driverOf = (scheme: string, mark = ""): string =>
  `{ schemes: ["${scheme}"], options: { "~standard": { version: 1, vendor: "", validate: (value) => ({ value }) } },
     open: async () => "${mark}" }`;

interface Package {
  readonly at: string;
  readonly manifest: object;
  readonly files: Record<string, string>;
}

function install(project: string, { at, manifest, files }: Package): void {
  const folder = path.join(root, project, at);
  mkdirSync(folder, { recursive: true });
  writeFileSync(path.join(folder, "package.json"), JSON.stringify(manifest));
  for (const [name, text] of Object.entries(files)) writeFileSync(path.join(folder, name), text);
}

/** A package `@lovage/transport-<scheme>` whose transport opens to the name of the file it was loaded from. */
function installTransport(project: string, scheme: string, manifest: object): void {
  const marks = ["a.js", "b.js", "c.cjs"].map((file) => [
    file,
    `${file.endsWith(".cjs") ? "exports.transport =" : "export const transport ="} ${driverOf(scheme, file)};`,
  ]);
  install(project, {
    at: `node_modules/@lovage/transport-${scheme}`,
    manifest: { name: `@lovage/transport-${scheme}`, type: "module", ...manifest },
    files: Object.fromEntries(marks) as Record<string, string>,
  });
}

async function openTransport(url: string, ...from: string[]): Promise<unknown> {
  const driver: DriverModule = await resolveDriver({ kind: "transport", url, from });
  return await driver.open({} as never);
}

test.each([
  ["import only", { exports: { import: "./a.js" } }, "a.js"],
  ["default only", { exports: { ".": { default: "./a.js" } } }, "a.js"],
  ["source before default", { exports: { ".": { types: "./x.d.ts", source: "./a.js", default: "./b.js" } } }, "a.js"],
  ["import beside require", { exports: { ".": { require: "./c.cjs", import: "./a.js" } } }, "a.js"],
  ["require only", { exports: { require: "./c.cjs" } }, "c.cjs"],
  ["nested conditions", { exports: { ".": { browser: "./b.js", node: { import: "./a.js" } } } }, "a.js"],
  ["a condition that leads nowhere", { exports: { node: { browser: "./b.js" }, default: "./a.js" } }, "a.js"],
  ["a list", { exports: { ".": [{ browser: "./b.js" }, "./a.js"] } }, "a.js"],
  ["a plain text", { exports: "./a.js" }, "a.js"],
  ["main without exports", { main: "./a.js" }, "a.js"],
])("finds a package whose manifest has %s", async (name, manifest, file) => {
  const project = `manifest ${name}`;
  installTransport(project, "xmq", manifest);
  await expect(openTransport("xmq://host", path.join(root, project))).resolves.toBe(file);
});

test("looks from files, directories and file URLs, in folders above them too, in the order given", async () => {
  installTransport("place-a", "xmq", { exports: "./a.js" });
  installTransport("place-b", "xmq", { exports: "./b.js" });
  const file = path.join(root, "place-a", "deep", "er", "tasks.ts");
  const other = path.join(root, "place-b");
  await expect(openTransport("xmq:", file, other)).resolves.toBe("a.js");
  await expect(openTransport("XMQ:", pathToFileURL(file).href, other)).resolves.toBe("a.js");
  await expect(openTransport("xmq:", other, file)).resolves.toBe("b.js");
  await expect(openTransport("xmq:", path.join(root, "nowhere", "x.js"), other)).resolves.toBe("b.js");
});

test("finds what only the real place of a linked file can see, as with strict package managers", async () => {
  installTransport("store/app", "xmq", { exports: { import: "./a.js" } });
  mkdirSync(path.join(root, "store/app/lib"));
  writeFileSync(path.join(root, "store/app/lib/main.js"), "");
  mkdirSync(path.join(root, "bin"));
  symlinkSync(path.join(root, "store/app/lib/main.js"), path.join(root, "bin/main.js"));
  await expect(openTransport("xmq:", path.join(root, "bin/main.js"))).resolves.toBe("a.js");
});

test("loads a linked package once, whichever link leads to it", async () => {
  installTransport("linked", "xmq", { exports: { import: "./a.js" } });
  mkdirSync(path.join(root, "linker/node_modules/@lovage"), { recursive: true });
  const target = path.join(root, "linked/node_modules/@lovage/transport-xmq");
  symlinkSync(target, path.join(root, "linker/node_modules/@lovage/transport-xmq"));
  const [one, two] = await Promise.all(
    ["linked", "linker"].map((project) =>
      resolveDriver({ kind: "transport", url: "xmq:", from: [path.join(root, project)] }),
    ),
  );
  expect(one).toBe(two);
});

test("takes a package of another maker only after one of ours, wherever that is", async () => {
  const files = { "index.js": `export const transport = ${driverOf("ymq", "theirs")};` };
  install("maker-a", {
    at: "node_modules/lovage-transport-ymq",
    manifest: { exports: "./index.js", type: "module" },
    files,
  });
  installTransport("maker-b", "ymq", { exports: "./b.js" });
  const [a, b] = [path.join(root, "maker-a"), path.join(root, "maker-b")];
  await expect(openTransport("ymq:", a)).resolves.toBe("theirs");
  await expect(openTransport("ymq:", a, b)).resolves.toBe("b.js");
});

test("a backend is the other export of the other package", async () => {
  const files = { "index.js": `export const backend = ${driverOf("rpc", "results")};` };
  install("rpc", {
    at: "node_modules/@lovage/backend-amqp",
    manifest: { exports: "./index.js", type: "module" },
    files,
  });
  const driver = await resolveDriver({ kind: "backend", url: "rpc://", from: [path.join(root, "rpc")] });
  await expect(driver.open({} as never)).resolves.toBe("results");
});

/** In a program of its own: this one is shown all of the workspace's packages, by `NODE_PATH`. */
async function failureInAnEmptyProject(options: ResolveDriverOptions): Promise<unknown> {
  const { NODE_PATH: _, ...env } = process.env;
  const foundation = pathToFileURL(path.join(import.meta.dirname, "../index.ts")).href;
  const program = `import { resolveDriver } from ${JSON.stringify(foundation)};
    await resolveDriver(${JSON.stringify(options)}).catch((error) =>
      console.log(JSON.stringify({ ...error, code: error.code, message: error.message })));`;
  const args = ["--conditions=source", "--input-type=module", "--eval", program];
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: root, env });
  return JSON.parse(stdout);
}

test("a package that is not installed gives the exact command that installs it", async () => {
  const looking = failureInAnEmptyProject({ kind: "backend", url: "rpc://:secret@h", from: [root] });
  expect(await looking).toMatchObject({
    code: "DRIVER_NOT_FOUND",
    packageName: "@lovage/backend-amqp",
    installCommand: expect.stringMatching(/^\w+ \w+ @lovage\/backend-amqp$/) as string,
    message: expect.stringMatching(
      /No backend for rpc: is installed.*Install it: \w+ \w+ @lovage\/backend-amqp$/,
    ) as string,
  });
});

test("a missing package of another scheme names both packages that were looked for", async () => {
  const looking = resolveDriver({ kind: "backend", url: "zmq:", from: [root] });
  await expect(looking).rejects.toThrow(/@lovage\/backend-zmq and lovage-backend-zmq/);
});

test("a scheme that is not Lovage's own may be mistyped: the message tells those that are, and no package that nobody has published", async () => {
  const looking = resolveDriver({ kind: "transport", url: "redsi://:secret@h", from: [root] });
  await expect(looking).rejects.toThrow(
    /Did you mean redis:\? Lovage's own schemes are redis:, .*sqlite:, memory:, sqs:\.$/,
  );
  await expect(looking).rejects.toMatchObject({ installCommand: undefined });
});

test("a host without scheme gets a hint", async () => {
  await expect(resolveDriver({ kind: "transport", url: "localhost:6379", from: [root] })).rejects.toThrow(
    /If "localhost" is a host, write the scheme before it/,
  );
});

test("a scheme of the other kind is told to be one", async () => {
  await expect(resolveDriver({ kind: "transport", url: "rpc://", from: [root] })).rejects.toMatchObject({
    code: "CONFIGURATION_INVALID",
    message: "rpc: can be used as a result backend but not as a broker (transport): give another URL.",
  });
  await expect(resolveDriver({ kind: "backend", url: "sqs://", from: [root] })).rejects.toThrow(
    /^sqs: can be used as a broker/,
  );
});

test.each([
  [
    "throws while it is loaded",
    { exports: "./bad.js" },
    `throw new Error("no licence");`,
    /failed to load: no licence/,
  ],
  ["imports what is missing", { exports: "./bad.js" }, `import "missing-client";`, /failed to load: .*missing-client/],
  ["was not built", { exports: "./dist/index.js" }, "", /failed to load: .*dist.index\.js/],
  ["has an entry that is missing", { main: "./dist/index.js" }, "", /cannot be loaded: .*dist.index\.js/],
  ["exports nothing that can be loaded", { exports: { browser: "./bad.js" } }, "", /cannot be loaded: No "exports"/],
  ["has no transport", { exports: "./bad.js" }, "export const backend = {};", /must export `transport`/],
  ["has half a transport", { exports: "./bad.js" }, `export const transport = { schemes: ["xmq"] };`, /must export/],
  ["opens other schemes", { exports: "./bad.js" }, `export const transport = ${driverOf("other")};`, /other, not xmq/],
])("a package that %s gives its own error", async (name, manifest, text, message) => {
  const project = `bad ${name}`;
  install(project, {
    at: "node_modules/@lovage/transport-xmq",
    manifest: { name: "@lovage/transport-xmq", type: "module", ...manifest },
    files: { "bad.js": text },
  });
  const looking = resolveDriver({ kind: "transport", url: "xmq:", from: [path.join(root, project)] });
  await expect(looking).rejects.toMatchObject({
    code: "DRIVER_LOAD_FAILED",
    message: expect.stringMatching(message) as string,
  });
});

test("a package with a broken manifest gives its own error", async () => {
  installTransport("broken-manifest", "xmq", {});
  const manifest = path.join(root, "broken-manifest/node_modules/@lovage/transport-xmq/package.json");
  writeFileSync(manifest, "{");
  await expect(openTransport("xmq:", path.join(root, "broken-manifest"))).rejects.toMatchObject({
    code: "DRIVER_LOAD_FAILED",
    cause: expect.any(SyntaxError) as Error,
  });
});
