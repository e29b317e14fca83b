import { findProgram } from "../private/find-program.ts";
import type { PrivateRecipe } from "../private/private-recipe.ts";

const persistence = ["--save", "", "--appendonly", "yes", "--appendfsync", "everysec"];
const place = (directory: string, port: number): readonly string[] => [
  "--bind",
  "127.0.0.1",
  "--port",
  String(port),
  "--dir",
  directory,
];

/** A redis-server that keeps its data in an append-only file. */
export const privateRedis: PrivateRecipe = {
  users: ["redis"],
  locate: () => findProgram("redis-server"),
  locateTool: (program) => findProgram(program),
  prepare: ({ directory, port, settings }) =>
    Promise.resolve({
      command: findProgram("redis-server"),
      // Of a setting that is given twice the last one counts.
      args: [...place(directory, port), ...persistence, ...settings],
    }),
};
