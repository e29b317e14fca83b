import { statSync } from "node:fs";
import path from "node:path";
import { ConfigurationError } from "@lovage/foundation";

const endings = [".ts", ".mts", ".js", ".mjs"];

/**
 * The file that `--app` means: itself, with an ending added, or the `index` of a directory.
 * @param written As the user wrote it, absolute or from `directory`.
 * @throws CONFIGURATION_INVALID that says what was looked at
 */
export function findAppFile(written: string, directory: string): string {
  const place = path.resolve(directory, written);
  const isWhole = endings.includes(path.extname(place));
  const candidates = [
    place,
    ...(isWhole ? [] : endings.map((ending) => place + ending)),
    ...endings.map((ending) => path.join(place, `index${ending}`)),
  ];
  const file = candidates.find((candidate) => isFile(candidate));
  if (file === undefined) {
    const shown = candidates.map((candidate) => path.relative(directory, candidate) || ".");
    throw new ConfigurationError(
      `There is no app module "${written}" in ${directory}. Looked for ${shown.join(", ")}. ` +
        "Give --app the module that creates the app, for example: -A ./tasks.ts",
    );
  }
  if (endings.includes(path.extname(file))) return file;
  throw new ConfigurationError(`${file} cannot be the app module: it must end in ${endings.join(", ")}.`);
}

function isFile(place: string): boolean {
  return statSync(place, { throwIfNoEntry: false })?.isFile() ?? false;
}
