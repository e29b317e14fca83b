import { globSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";

/** What the programs of the tests are made of: packages, what the command loads on demand, what threads load, the emulator. */
const modules = ["packages/*/dist/{index,cli,renewer}.js", "packages/*/dist/chunks/*.js"];

// Run as a program that ends by itself: see `built.global.ts`.
const root = path.join(import.meta.dirname, "../..");
const files = globSync(modules, { cwd: root }).map((file) => pathToFileURL(path.join(root, file)).href);
await Promise.all(["fauxqs", ...files].map((module) => import(module)));
