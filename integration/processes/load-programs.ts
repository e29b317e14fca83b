import { globSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";

/** What the programs of the tests are made of: packages, what the command loads on demand, what threads load, the emulator. */
const modules = ["packages/*/src/index.ts", "packages/*/src/renewer.ts", "packages/core/src/cli/{main,actions/*}.ts"];

// Run as a program that ends by itself: see `compiled.global.ts`.
const root = path.join(import.meta.dirname, "../..");
const files = globSync(modules, { cwd: root }).map((file) => pathToFileURL(path.join(root, file)).href);
await Promise.all(["fauxqs", ...files].map((module) => import(module)));
