import { fileURLToPath } from "node:url";
import process from "node:process";

const command = fileURLToPath(import.meta.resolve("../../packages/core/bin/lovage.js"));

/** A program of this workspace, run on the built packages by the Node that runs the tests. */
export interface NodeProgram {
  readonly command: string;
  readonly args: readonly string[];
}

/** Runs a module. */
export function nodeProgram(file: string, args: readonly string[] = []): NodeProgram {
  return { command: process.execPath, args: [file, ...args] };
}

/** Runs the command `lovage`. */
export function lovageProgram(args: readonly string[]): NodeProgram {
  return nodeProgram(command, args);
}
