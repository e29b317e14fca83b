import { expect, it } from "vitest";
import { pocketCapabilities } from "../test-support/pocket-broker/pocket-connection.ts";
import { capabilityTable } from "./capability-table.ts";

it("prints one column a transport and one row a capability", () => {
  const capabilities = { ...pocketCapabilities, delayHorizonMs: 86_400_000 * 15, transactions: "a | b" };
  const lines = capabilityTable({ pocket: { capabilities: pocketCapabilities }, other: { capabilities } }).split("\n");
  expect(lines.slice(0, 3)).toEqual([
    "| capability | pocket | other |",
    "| --- | --- | --- |",
    "| `reach` | process | process |",
  ]);
  expect(lines).toContain("| `delayHorizonMs` | no bound | 15 days |");
  expect(lines).toContain("| `transactions` | no | a \\| b |");
  expect(lines).toContain("| `maxMessageBytes` | 256 KiB | 256 KiB |");
  expect(lines).toContain("| `doublesWithinMs` | no | no |");
  expect(lines).toContain("| `hold` | no bound | no bound |");
  expect(lines).toContain("| `countsReleases` | no | no |");
  // The three that are not there where the answer is no.
  expect(lines).toHaveLength(Object.keys(pocketCapabilities).length + 3 + 3);
});
