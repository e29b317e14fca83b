import process from "node:process";
import { findWrongArrows } from "./find-wrong-arrows.ts";
import { readWorkspace } from "./workspace.ts";

const wrong = findWrongArrows(readWorkspace(process.cwd()));
for (const sentence of wrong) console.error(sentence);
process.exitCode = wrong.length > 0 ? 1 : 0;
