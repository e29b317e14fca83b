import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { capabilityTable } from "@lovage/conformance";
import type { Capabilities } from "@lovage/transport";
import { brokers } from "../brokers/brokers.ts";
import { pace } from "../scene/pace.ts";
import { figuresTable } from "./figures-table.ts";
import type { Figures } from "./figures.ts";

// Puts into docs/guarantees.md, between its markers, the drivers' capabilities and the figures of the latest run of the fault tests.
const page = fileURLToPath(new URL("../../docs/guarantees.md", import.meta.url));
const figures = readFigures();
const withCapabilities = fill(readFileSync(page, "utf8"), "capabilities", capabilityTable(await readCapabilities()));
writeFileSync(page, fill(withCapabilities, "figures", figuresTable(figures, brokers)));
console.log(`Wrote the figures of ${figures.length} scenarios into docs/guarantees.md.`);

function readFigures(): readonly Figures[] {
  const directory = fileURLToPath(new URL("../.figures", import.meta.url));
  const files = globSync("*.json", { cwd: directory });
  if (files.length === 0) throw new Error("There are no figures yet: npm test -- integration/faults makes them.");
  return files.map((file) => JSON.parse(readFileSync(path.join(directory, file), "utf8")) as Figures);
}

async function readCapabilities(): Promise<Record<string, { readonly capabilities: Capabilities }>> {
  const known: Record<string, { readonly capabilities: Capabilities }> = {};
  for (const broker of brokers) {
    const directory = mkdtempSync(path.join(tmpdir(), "lovage-capabilities-"));
    const connection = await broker.place(directory, pace).openTransport();
    known[broker.name] = { capabilities: connection.capabilities };
    await connection.close();
    rmSync(directory, { recursive: true });
  }
  return known;
}

function fill(text: string, marker: string, content: string): string {
  const marked = new RegExp(`(<!-- ${marker} -->\n)[\\s\\S]*?(<!-- /${marker} -->)`, "u");
  if (!marked.test(text))
    throw new Error(`docs/guarantees.md has no markers <!-- ${marker} --> and <!-- /${marker} -->.`);
  return text.replace(marked, (_, begin: string, end: string) => `${begin}\n${content.trimEnd()}\n\n${end}`);
}
