import { existsSync } from "node:fs";
import path from "node:path";
import { findProgram } from "../private/find-program.ts";
import type { Launch, Place, PrivateRecipe } from "../private/private-recipe.ts";
import { writeAs } from "../private/write-as.ts";
import { redisPersistence } from "./redis-persistence.ts";

const sentinelMode = "--sentinel";
const sentinelFile = "sentinel.conf";

/** A redis-server that keeps its data in an append-only file. With the setting `--sentinel` it is a sentinel; further settings are lines of its file. */
export const privateRedis: PrivateRecipe = {
  users: ["redis"],
  locate: () => findProgram("redis-server"),
  locateTool: (program) => findProgram(program),
  prepare: (place) => {
    const { settings } = place;
    if (settings[0] === sentinelMode) return prepareSentinel(place);
    // Of a setting that is given twice the last one counts.
    return Promise.resolve({
      command: findProgram("redis-server"),
      args: [...network(place), ...redisPersistence, ...settings],
    });
  },
};

function network({ directory, port }: Place): readonly string[] {
  return ["--bind", "127.0.0.1", "--port", String(port), "--dir", directory];
}

/** A sentinel keeps what it has learned in the file that it was started with. */
async function prepareSentinel(place: Place): Promise<Launch> {
  const file = path.join(place.directory, sentinelFile);
  if (!existsSync(file)) await writeAs(place, sentinelFile, `${place.settings.slice(1).join("\n")}\n`);
  return { command: findProgram("redis-server"), args: [file, sentinelMode, ...network(place)] };
}
