import { pathToFileURL } from "node:url";
import { ConfigurationError, hasCode, isLovageError } from "@lovage/foundation";
import { userStack } from "../output/user-stack.ts";
import { untilIdle } from "../process/until-idle.ts";

/** What helps against an error of Node's module loader. */
const advice: Readonly<Record<string, string>> = {
  ERR_MODULE_NOT_FOUND: 'Imports of one\'s own files name the whole file, "./tasks.ts"; packages must be installed.',
  ERR_UNSUPPORTED_DIR_IMPORT: 'Imports name the whole file, "./tasks/index.ts".',
  ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX:
    "Node removes types and nothing else: write no enum, namespace or parameter property (the compiler's `erasableSyntaxOnly` finds them), or build the module and give --app the .js file.",
  ERR_UNSUPPORTED_NODE_MODULES_TYPE_STRIPPING: "Node runs no TypeScript inside node_modules: give --app a .js file.",
};

/** What Node says of `import` and `export` where the nearest package.json has "type": "commonjs", as `npm init` writes it. */
const takenForCommonJs = /import statement outside a module|Unexpected token 'export'/;
const commonJsAdvice =
  'Its package.json says that it is CommonJS. Say "type": "module" there (npm pkg set type=module), or name the file .mts or .mjs.';

/** How tasks live in files of their own that import the app. */
const tasksAdvice =
  'Modules of tasks that import the app are not imported by it: name them in the app\'s option `tasks`, createApp({ tasks: "./tasks/*.ts" }).';

/** What Node says where one of two modules that import each other needs the other's export at once. */
const tooEarly = /^Cannot access '.*' before initialization$/;

/** The exports of the app's module. @throws CONFIGURATION_INVALID with the place of the fault */
export function importAppModule(file: string): Promise<Readonly<Record<string, unknown>>> {
  return untilIdle(
    () => importUserModule(file),
    () =>
      new ConfigurationError(
        `${file} cannot be loaded: a top-level await in it, or in what it imports, waits for what never comes.\n${tasksAdvice}`,
      ),
  );
}

async function importUserModule(file: string): Promise<Readonly<Record<string, unknown>>> {
  try {
    return (await import(pathToFileURL(file).href)) as Readonly<Record<string, unknown>>;
  } catch (cause) {
    const hint = Object.keys(advice).find((code) => hasCode(cause, code));
    const lines = [
      `${file} cannot be loaded.`,
      stackOf(cause),
      hint === undefined ? adviceOf(cause, file) : advice[hint],
    ];
    throw new ConfigurationError(lines.filter(Boolean).join("\n"), { cause });
  }
}

/** Where this package is: frames in it lead to nothing that a user could change. */
const here = new URL("../", import.meta.resolve("#command")).href;

/** Without the frames of this command, which has imported the module; of our errors also without those between the module and the fault. */
function stackOf(cause: unknown): string {
  const lines = userStack(cause).split("\n");
  const end = lines.findIndex((line) => line.includes(`${importUserModule.name} (${here}`));
  const above = lines.slice(0, end === -1 ? undefined : end);
  return above.filter((line) => !(isLovageError(cause) && line.includes(here))).join("\n");
}

/** Node tells the place of a syntax error in JavaScript only when it is not caught; that of an export that is not there it tells. */
function adviceOf(cause: unknown, file: string): string | undefined {
  if (cause instanceof ReferenceError && tooEarly.test(cause.message)) return tasksAdvice;
  if (cause instanceof SyntaxError && takenForCommonJs.test(cause.message)) return commonJsAdvice;
  const isPlaceless = cause instanceof SyntaxError && cause.stack?.startsWith("file:") !== true;
  return isPlaceless ? `This shows where, if it is in this file:  node --check ${file}` : undefined;
}
