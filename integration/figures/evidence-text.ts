import type { Broker } from "../brokers/broker.ts";
import { otherRows } from "../faults/other-rows.ts";
import type { OtherRows } from "../faults/other-rows.ts";
import type { Evidence } from "./evidence.ts";
import { evidenceSection } from "./evidence-section.ts";
import { table } from "./table.ts";

/** The part of docs/guarantees.md that is made of evidence: what was measured on each transport, and which rows do not apply. */
export function evidenceText(evidence: readonly Evidence[], brokers: readonly Broker[]): string {
  return [...evidence.flatMap((each) => evidenceSection(each)), ...exemptionsText(brokers), ...otherRowsText()].join(
    "\n",
  );
}

function exemptionsText(brokers: readonly Broker[]): readonly string[] {
  return [
    "### How to read it",
    "",
    "- Each figure is the worst of all runs in which its row was measured; the column says in how many.",
    "- Runs of several commits may be runs of several forms of the suite. The first table of each transport tells how many there are of each. A run that was interrupted counts as one that failed.",
    "- A task runs twice when its worker was killed or stopped while it ran (interrupted, at most as many as in brackets), or before its end was recorded.",
    "- A dash stands for what a row does not count: of a backlog or a flood it runs a part alone.",
    "- Limits in time are those of the matrix. A test fails at five times the limit, since machines are noisy, and at the first lost task.",
    "",
    "Rows of the matrix that do not apply to a broker:",
    "",
    ...table(
      ["broker", "rows", "because"],
      brokers.flatMap((broker) => exemptionsOf(broker)),
    ),
    "",
  ];
}

function otherRowsText(): readonly string[] {
  return [
    "Rows of the matrix that are not run on every broker, or not at all:",
    "",
    ...table(
      ["rows", "because", "held by"],
      otherRows.map((others) => cellsOf(others)),
    ),
    "",
  ];
}

function cellsOf({ rows, because, heldBy = [] }: OtherRows): readonly string[] {
  return [rows.join(", "), because, heldBy.map((file) => `\`${file}\``).join(", ") || "nothing"];
}

function exemptionsOf({ name, exemptions }: Broker): readonly (readonly string[])[] {
  const byReason = Map.groupBy(Object.entries(exemptions), ([, reason]) => reason);
  return [...byReason].map(([reason, rows]) => [name, rows.map(([row]) => row).join(", "), reason]);
}
