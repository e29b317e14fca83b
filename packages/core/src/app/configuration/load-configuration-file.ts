import { existsSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { ConfigurationError, errorText } from "@lovage/foundation";
import { readConfigurationLayer } from "./configuration-layer.ts";
import type { ConfigurationLayer } from "./configuration-layer.ts";

const endings = ["ts", "mts", "js", "mjs"];

/**
 * What the configuration file in a directory says; nothing when there is none.
 * @throws CONFIGURATION_INVALID when the file cannot be loaded, exports no options by default, or is one of two
 */
export async function loadConfigurationFile(directory: string): Promise<ConfigurationLayer> {
  const files = endings
    .map((ending) => path.join(directory, `lovage.config.${ending}`))
    .filter((file) => existsSync(file));
  const [file, other] = files;
  if (file === undefined) return {};
  if (other !== undefined)
    throw new ConfigurationError(`There are two configuration files, ${file} and ${other}: keep one.`);
  const options = await importDefault(file);
  if (typeof options !== "object" || options === null) {
    throw new ConfigurationError(
      `${file} must export the options of the app by default: export default { broker: "…" }.`,
    );
  }
  return readConfigurationLayer(options, { from: file, without: ["log", "clock"] });
}

async function importDefault(file: string): Promise<unknown> {
  try {
    const module = (await import(pathToFileURL(file).href)) as { readonly default?: unknown };
    return module.default;
  } catch (cause) {
    const text = errorText(cause);
    throw new ConfigurationError(`${file} cannot be loaded: ${text}`, { cause });
  }
}
