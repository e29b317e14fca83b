import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import process from "node:process";

// Looks at the packed packages as a user meets them: what is inside, whether tools understand them, and whether npm
// installs them in an empty folder from where they can be imported.

const installTimeoutMs = 300_000;
const tarballs = globSync("artifacts/*.tgz").map((file) => path.resolve(file));
const problems = [...tarballs.flatMap(findForeignFiles), ...tarballs.flatMap(askTools), ...tryInstall()];
for (const problem of problems) console.error(problem);
if (tarballs.length === 0) console.error("artifacts/ holds no package: ./run pack makes them.");
process.exitCode = problems.length > 0 || tarballs.length === 0 ? 1 : 0;

/** Tests, sources and build state are for the workspace; versions and conditions of the workspace mean nothing outside. */
function findForeignFiles(tarball: string): string[] {
  const files = execFileSync("tar", ["-tzf", tarball], { encoding: "utf8" }).split("\n");
  const foreign = files.filter((file) => /\/src\/|\.test\.|\.test-d\.|\/test-support\/|tsbuildinfo/u.test(file));
  const manifest = execFileSync("tar", ["-xzOf", tarball, "package/package.json"], { encoding: "utf8" });
  const words = ["workspace:", "catalog:", '"source"'].filter((word) => manifest.includes(word));
  const name = path.basename(tarball);
  const missing = ["package/README.md", "package/LICENSE"].filter((file) => !files.includes(file));
  return [
    ...foreign.map((file) => `${name} holds ${file}, which is not for users.`),
    ...words.map((word) => `${name}: its package.json still says ${word}.`),
    ...missing.map((file) => `${name} lacks ${file}.`),
  ];
}

function askTools(tarball: string): string[] {
  return [
    ...runTool("publint", ["run", "--strict", tarball]),
    ...runTool("attw", [tarball, "--profile", "esm-only", "--no-definitely-typed", "--no-emoji", "--format", "ascii"]),
  ];
}

function runTool(tool: string, args: readonly string[]): string[] {
  const { status, stdout, stderr } = spawnSync(tool, args, { encoding: "utf8" });
  return status === 0 ? [] : [`${tool} ${args.join(" ")}\n${stdout}${stderr}`];
}

function tryInstall(): string[] {
  const folder = mkdtempSync(path.join(tmpdir(), "lovage-install-"));
  try {
    writeFileSync(path.join(folder, "package.json"), '{ "private": true, "type": "module" }');
    const options = { cwd: folder, encoding: "utf8", timeout: installTimeoutMs } as const;
    const install = spawnSync("npm", ["install", "--no-audit", "--no-fund", ...tarballs], options);
    if (install.status !== 0) return [`npm install of the tarballs failed:\n${install.stdout}${install.stderr}`];
    return globSync("node_modules/{lovage,@lovage/*}", { cwd: folder }).flatMap((at) => tryImport(folder, at));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function tryImport(folder: string, at: string): string[] {
  const manifest = JSON.parse(readFileSync(path.join(folder, at, "package.json"), "utf8")) as {
    readonly name: string;
    readonly bin?: Readonly<Record<string, string>>;
  };
  const absent = Object.values(manifest.bin ?? {}).filter((file) => !existsSync(path.join(folder, at, file)));
  const program = `await import(${JSON.stringify(manifest.name)})`;
  const { status, stderr } = spawnSync(process.execPath, ["--input-type=module", "--eval", program], {
    cwd: folder,
    encoding: "utf8",
  });
  return [
    ...absent.map((file) => `${manifest.name}: its command ${file} is not in the package.`),
    ...(status === 0 ? [] : [`${manifest.name} does not import where npm installed it:\n${stderr}`]),
  ];
}
