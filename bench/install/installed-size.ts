import { existsSync } from "node:fs";
import { readdir, readFile, realpath, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = fileURLToPath(new URL("../", import.meta.url));

/** What packages take with all that they need. */
export interface InstalledSize {
  readonly bytes: number;
  /** Themselves among them. */
  readonly packages: number;
}

interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly peerDependenciesMeta?: Readonly<Record<string, { readonly optional?: boolean }>>;
}

/**
 * Counts packages with their dependencies, as they lie in this workspace; of our own what is published.
 * @throws Error when ours are not built
 */
export async function installedSize(names: readonly string[]): Promise<InstalledSize> {
  const folders = new Set<string>();
  for (const name of names) await collect(name, here, folders);
  const sizes = await Promise.all([...folders].map((folder) => packageBytes(folder)));
  return { bytes: sizes.reduce((sum, size) => sum + size, 0), packages: folders.size };
}

async function collect(name: string, from: string, folders: Set<string>): Promise<void> {
  const folder = await findPackage(name, from);
  if (folders.has(folder)) return;
  folders.add(folder);
  const manifest = JSON.parse(await readFile(join(folder, "package.json"), "utf8")) as Manifest;
  const { dependencies = {}, peerDependencies = {}, peerDependenciesMeta = {} } = manifest;
  const peers = Object.keys(peerDependencies).filter((peer) => peerDependenciesMeta[peer]?.optional !== true);
  for (const needed of [...Object.keys(dependencies), ...peers]) await collect(needed, folder, folders);
}

async function findPackage(name: string, from: string): Promise<string> {
  for (let folder = from; ; folder = dirname(folder)) {
    const place = join(folder, "node_modules", name);
    if (existsSync(join(place, "package.json"))) return await realpath(place);
    if (folder === dirname(folder)) throw new Error(`${name}, which ${from} needs, is not installed.`);
  }
}

async function packageBytes(folder: string): Promise<number> {
  if (folder.includes("node_modules")) return await folderBytes(folder);
  const dist = join(folder, "dist");
  if (!existsSync(dist)) throw new Error(`${folder} is not built: ./run build.`);
  const { size } = await stat(join(folder, "package.json"));
  return size + (await folderBytes(dist));
}

async function folderBytes(folder: string): Promise<number> {
  const entries = await readdir(folder, { withFileTypes: true });
  const sizes = entries.map(async (entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return entry.name === "node_modules" ? 0 : await folderBytes(path);
    return entry.isFile() && entry.name !== ".tsbuildinfo" ? (await stat(path)).size : 0;
  });
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
}
