import path from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { packageVersion } from "../package-version.ts";
import type { PrivateRecipe } from "../private/private-recipe.ts";

const program = fileURLToPath(new URL("sqs-program.ts", import.meta.url));

/** The emulator fauxqs in a process of its own. It runs as we do, since it reads this workspace. */
export const privateSqs: PrivateRecipe = {
  locate: () => `fauxqs ${packageVersion("fauxqs", import.meta.url)}`,
  locateTool: (tool) => {
    throw new Error(`The SQS emulator has no program ${tool}.`);
  },
  // Its only setting is "memory": it then keeps nothing on disk, and is faster.
  prepare: ({ directory, port, settings }) => {
    const data = settings.includes("memory") ? [] : [path.join(directory, "data")];
    return Promise.resolve({ command: process.execPath, args: [program, String(port), ...data] });
  },
};
