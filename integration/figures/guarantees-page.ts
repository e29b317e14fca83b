import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { capabilityTable } from "@lovage/conformance";
import type { Capabilities } from "@lovage/transport";
import { brokers } from "../brokers/brokers.ts";
import { pace } from "../scene/pace.ts";
import { makeLadder } from "../services/ladder/make-ladder.ts";
import { readEvidence } from "./evidence.ts";
import { evidenceText } from "./evidence-text.ts";

// Puts into docs/guarantees.md, between its markers, the drivers' capabilities and what `./run matrix` has found on each transport.
const page = fileURLToPath(new URL("../../docs/guarantees.md", import.meta.url));
const evidence = readEvidence();
if (evidence.length === 0) throw new Error("There is no evidence yet: ./run matrix --transport sqlite makes some.");
const withCapabilities = fill(readFileSync(page, "utf8"), "capabilities", capabilityTable(await readCapabilities()));
writeFileSync(page, fill(withCapabilities, "figures", evidenceText(evidence, brokers)));
console.log(`Wrote the figures of ${evidence.map(({ transport }) => transport).join(", ")} into docs/guarantees.md.`);

async function readCapabilities(): Promise<Record<string, { readonly capabilities: Capabilities }>> {
  const known: Record<string, { readonly capabilities: Capabilities }> = {};
  const ladder = makeLadder();
  for (const broker of brokers) {
    const { name, service, rungs, isSecondOpinion } = broker;
    if (isSecondOpinion === true) continue;
    await using server = service === undefined ? null : await ladder.start(service, rungs);
    const directory = mkdtempSync(path.join(tmpdir(), "lovage-capabilities-"));
    if (server !== null) await broker.prepare?.(server, directory);
    const connection = await broker.place({ directory, pace, url: server?.url ?? "" }).openTransport();
    known[name] = { capabilities: connection.capabilities };
    await connection.close();
    rmSync(directory, { recursive: true });
  }
  return known;
}

function fill(text: string, marker: string, content: string): string {
  const marked = new RegExp(`(<!-- ${marker} -->\\n)[\\s\\S]*?(<!-- /${marker} -->)`, "u");
  if (!marked.test(text))
    throw new Error(`docs/guarantees.md has no markers <!-- ${marker} --> and <!-- /${marker} -->.`);
  return text.replace(marked, (_, begin: string, end: string) => `${begin}\n${content.trimEnd()}\n\n${end}`);
}
