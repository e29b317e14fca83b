import { existsSync, type Dirent } from "node:fs";
import { glob } from "node:fs/promises";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { ConfigurationError, errorText } from "@lovage/foundation";
import type { AnyTask } from "./any-task.ts";
import { handleOf } from "./task-handle.ts";

/** Which modules hold tasks. */
export interface TaskModules {
  /** What the other two start from. */
  readonly directory: string;
  readonly globs: readonly string[];
  readonly include: readonly string[];
}

/**
 * Loads modules of tasks, in order of their names.
 * @returns the tasks that they export
 * @throws CONFIGURATION_INVALID when a glob or a path finds nothing, or a module fails to load
 */
export async function loadTasks({ directory, globs, include }: TaskModules): Promise<readonly AnyTask[]> {
  const files = include.map((file) => existing(path.resolve(directory, file)));
  for (const pattern of globs) files.push(...(await findModules(pattern, directory)));
  const tasks = new Set<AnyTask>();
  for (const file of new Set(files)) {
    for (const exported of Object.values(await load(file))) if (isTask(exported)) tasks.add(exported);
  }
  return [...tasks];
}

async function findModules(pattern: string, cwd: string): Promise<readonly string[]> {
  const found: string[] = [];
  for await (const entry of glob(pattern, { cwd, withFileTypes: true, exclude: isNoModule })) {
    // Node 22 does not ask about the last name of a pattern.
    if (!entry.isDirectory() && !isNoModule(entry)) found.push(path.join(entry.parentPath, entry.name));
  }
  if (found.length === 0) {
    throw new ConfigurationError(
      `No module fits the glob "${pattern}" of \`tasks\` in ${cwd}. Globs start from the working directory.`,
    );
  }
  return found.toSorted();
}

/** Of others' packages, of types alone, or a test. */
function isNoModule({ name }: Dirent): boolean {
  return name === "node_modules" || name.endsWith(".d.ts") || name.includes(".test.");
}

function existing(file: string): string {
  if (existsSync(file)) return file;
  throw new ConfigurationError(`There is no module ${file}, which \`include\` names.`);
}

async function load(file: string): Promise<Readonly<Record<string, unknown>>> {
  try {
    return (await import(pathToFileURL(file).href)) as Record<string, unknown>;
  } catch (cause) {
    const text = errorText(cause);
    throw new ConfigurationError(`The module of tasks ${file} cannot be loaded: ${text}`, { cause });
  }
}

function isTask(value: unknown): value is AnyTask {
  return handleOf(value) !== undefined;
}
