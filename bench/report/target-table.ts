import { enoughPairs } from "../targets/judge.ts";
import type { Judgement } from "../targets/judge.ts";
import { alignedTable } from "./case-table.ts";
import { formatFigure, formatName } from "./format-figure.ts";

/** Every target with what was reached, as a Markdown table. */
export function targetTable(judgements: readonly Judgement[]): string {
  const head = ["case", "peer", "figure", "target", "reached", ""];
  const rows = judgements.map((judgement) => {
    const { target, figure, reached } = judgement;
    const name = formatName(figure);
    return [`\`${target.case}\``, target.peer, name, describe(judgement), formatFigure(reached), verdict(judgement)];
  });
  return alignedTable(head, rows);
}

function describe({ target: { base, bound, value, everyRun } }: Judgement): string {
  const sign = bound === "atLeast" ? "≥" : "≤";
  const of = base === "absolute" ? "" : "peer" in base ? ` x ${base.peer}` : ` x \`${base.case}\``;
  const least = everyRun === undefined ? "" : `, no run below ${formatFigure(everyRun)}`;
  return `${sign} ${formatFigure(value)}${of}${least}`;
}

function verdict({ isMet, pairs }: Judgement): string {
  const word = isMet ? "met" : "**not met**";
  return pairs >= enoughPairs ? word : `${word}, of only ${pairs} ${pairs === 1 ? "run" : "runs"}`;
}
