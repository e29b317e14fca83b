import { globSync, readFileSync } from "node:fs";
import path from "node:path";

/** A package of the workspace, as far as the checks ask about it. */
export interface WorkspacePackage {
  /** Its name in package.json. */
  readonly name: string;
  /** Its folder, relative to the root: `packages/core`, `bench`. */
  readonly folder: string;
  /** The names that package.json lists as dependencies, optional and peer ones too. */
  readonly dependencies: readonly string[];
  /** The names that package.json lists as devDependencies. */
  readonly devDependencies: readonly string[];
  /** The folders, relative to the root, that its tsconfig.json refers to; undefined when it has none. */
  readonly references: readonly string[] | undefined;
  /** What its TypeScript files import from other packages. */
  readonly imports: readonly PackageImport[];
}

/** An import of another package. */
export interface PackageImport {
  /** The importing file, relative to the root. */
  readonly file: string;
  /** The imported package, without a path into it. */
  readonly name: string;
}

interface Manifest {
  readonly name: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}

/**
 * Reads every package of the workspace.
 * @param root The workspace's folder.
 */
export function readWorkspace(root: string): WorkspacePackage[] {
  const folders = globSync(["packages/*/package.json", "{integration,bench,examples}/package.json"], { cwd: root });
  return folders
    .map((file) => path.dirname(file))
    .toSorted()
    .map((folder) => readPackage(root, folder));
}

function readPackage(root: string, folder: string): WorkspacePackage {
  const manifest = readJson(path.join(root, folder, "package.json")) as Manifest;
  const { dependencies, optionalDependencies, peerDependencies, devDependencies } = manifest;
  return {
    name: manifest.name,
    folder,
    dependencies: Object.keys({ ...dependencies, ...optionalDependencies, ...peerDependencies }),
    devDependencies: Object.keys(devDependencies ?? {}),
    references: readReferences(root, folder),
    imports: globSync("**/*.ts", { cwd: path.join(root, folder), exclude: ["**/node_modules", "**/dist"] }).flatMap(
      (file) => {
        const imported = findImports(readFileSync(path.join(root, folder, file), "utf8"));
        return imported.map((name) => ({ file: path.join(folder, file), name }));
      },
    ),
  };
}

function readReferences(root: string, folder: string): string[] | undefined {
  const file = path.join(root, folder, "tsconfig.json");
  if (globSync(file).length === 0) return undefined;
  const { references } = readJson(file) as { readonly references?: readonly { readonly path: string }[] };
  return (references ?? []).map((reference) => path.join(folder, reference.path));
}

function readJson(file: string): unknown {
  return JSON.parse(readFileSync(file, "utf8"));
}

// The formatter puts import and export statements at the start of a line; code in a comment stands behind `*` or `//`.
const statement = /^(?:import|export)\b[^;]*?\bfrom\s+"([^"]+)"|^import\s+"([^"]+)"/gmu;
const call = /^(?!\s*(?:\*|\/\/)).*?\b(?:import|import\.meta\.resolve)\(\s*"([^"]+)"/gmu;
const packageName = /^(?:@[^/]+\/)?[^./][^/]*/u;

/**
 * The packages that a TypeScript source imports, by statement or by call. Relative and built-in modules are not among
 * them.
 * @param source The text of the file, formatted.
 */
export function findImports(source: string): string[] {
  const specifiers = [statement, call].flatMap((pattern) =>
    [...source.matchAll(pattern)].map((match) => match[1] ?? match[2] ?? ""),
  );
  const names = specifiers
    .filter((specifier) => !specifier.startsWith("node:"))
    .map((specifier) => packageName.exec(specifier)?.[0]);
  return [...new Set(names.filter((name) => name !== undefined))];
}
