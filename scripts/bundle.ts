import { existsSync, globSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { rolldown } from "rolldown";

// Writes the JavaScript of every package: one module for each that its package.json gives out or a thread begins with, and what several of them share beside
// them. Hundreds of small modules took three times as long to load. What is imported on demand stays a module of its own.

/** The oldest Node that packages run on has no `using` yet. */
const target = "es2023";

await Promise.all(globSync("packages/*").map(bundle));

async function bundle(folder: string): Promise<void> {
  const input = findEntries(JSON.parse(readFileSync(path.join(folder, "package.json"), "utf8")));
  const bundled = await rolldown({
    cwd: path.resolve(folder),
    input,
    platform: "node",
    // What is another package stays one: installed once, by whoever installs this.
    external: (id) => !id.startsWith(".") && !path.isAbsolute(id),
    transform: { target },
    onLog: (_, log) => {
      throw new Error(`${folder}: ${log.message}`);
    },
  });
  const { output } = await bundled.generate({ format: "esm", sourcemap: true, chunkFileNames: "chunks/[name].js" });
  await bundled.close();
  for (const file of output) {
    if (file.type === "chunk") requireOwnNames(folder, file.code);
    writeChanged(path.join(folder, "dist", file.fileName), file.type === "chunk" ? file.code : file.source);
  }
}

/** An error tells the name of its class, and of two classes with one name in a module one gets another. */
function requireOwnNames(folder: string, code: string): void {
  const renamed = /\bclass (\w+)\$\d+/u.exec(code);
  if (renamed !== null) throw new Error(`${folder} has two classes ${renamed[1]}: one would be called ${renamed[0]}.`);
}

/** Leaves alone what is as it should be: others may be running it. */
function writeChanged(file: string, content: string | Uint8Array): void {
  if (existsSync(file) && readFileSync(file).equals(Buffer.from(content))) return;
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, content);
}

/** Every place of a manifest that says both what it is made of ("source") and what it becomes ("default"). */
function findEntries(value: unknown): Readonly<Record<string, string>> {
  if (typeof value !== "object" || value === null) return {};
  if ("source" in value && "default" in value) {
    return { [path.basename(String(value.default), ".js")]: String(value.source) };
  }
  return Object.assign({}, ...Object.values(value).map(findEntries)) as Record<string, string>;
}
