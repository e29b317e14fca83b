import { pathToFileURL } from "node:url";
import { ConfigurationError, hasCode } from "@lovage/foundation";
import { userStack } from "../output/user-stack.ts";

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

/** The exports of the app's module. @throws CONFIGURATION_INVALID with the place of the fault */
export async function importAppModule(file: string): Promise<Readonly<Record<string, unknown>>> {
  try {
    return (await import(pathToFileURL(file).href)) as Readonly<Record<string, unknown>>;
  } catch (cause) {
    const hint = Object.keys(advice).find((code) => hasCode(cause, code));
    const lines = [
      `${file} cannot be loaded.`,
      userStack(cause),
      hint === undefined ? adviceOf(cause, file) : advice[hint],
    ];
    throw new ConfigurationError(lines.filter(Boolean).join("\n"), { cause });
  }
}

/** Node tells the place of a syntax error in JavaScript only when it is not caught. */
function adviceOf(cause: unknown, file: string): string | undefined {
  if (cause instanceof SyntaxError && takenForCommonJs.test(cause.message)) return commonJsAdvice;
  const isPlain = cause instanceof SyntaxError && !hasCode(cause, "ERR_INVALID_TYPESCRIPT_SYNTAX");
  return isPlain ? `This shows where, if it is in this file:  node --check ${file}` : undefined;
}
