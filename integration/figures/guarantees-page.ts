import { globSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { brokers } from "../brokers/brokers.ts";
import { figuresTable } from "./figures-table.ts";
import type { Figures } from "./figures.ts";

// Puts the figures of the latest run of the fault tests into docs/guarantees.md, between its markers.
const page = fileURLToPath(new URL("../../docs/guarantees.md", import.meta.url));
const directory = fileURLToPath(new URL("../.figures", import.meta.url));

const figures = globSync("*.json", { cwd: directory }).map(
  (file) => JSON.parse(readFileSync(path.join(directory, file), "utf8")) as Figures,
);
if (figures.length === 0) throw new Error("There are no figures yet: npm test -- integration/faults makes them.");

const text = readFileSync(page, "utf8");
const marked = /(<!-- figures -->\n)[\s\S]*?(<!-- \/figures -->)/u;
if (!marked.test(text)) throw new Error("docs/guarantees.md has no markers <!-- figures --> and <!-- /figures -->.");
const content = figuresTable(figures, brokers);
writeFileSync(
  page,
  text.replace(marked, (_, begin: string, end: string) => `${begin}\n${content}\n${end}`),
);
console.log(`Wrote the figures of ${figures.length} scenarios into docs/guarantees.md.`);
