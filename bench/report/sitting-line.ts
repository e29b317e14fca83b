import type { Sitting } from "../sittings/sitting.ts";
import { formatFigure } from "./format-figure.ts";

/** When and with what a table was measured, and what failed: what stands under it. */
export function sittingLine(sitting: Sitting): string {
  const { commit, versions, server, loads, results, failed, environment } = sitting;
  const runs = Math.max(0, ...results.map((result) => result.runs.length));
  const made = [
    `Node ${environment.node}`,
    ...(server === undefined ? [] : [server.version]),
    ...Object.entries(versions).map(([name, version]) => `${name} ${version}`),
  ];
  const line = `${momentOf(sitting)}, commit \`${commit}\`; ${runs} ${runs === 1 ? "run" : "runs"}, load before them ${loads.map((load) => formatFigure(load)).join(", ")}; ${made.join(", ")}.`;
  return [line, ...Object.entries(failed).map(([peer, why]) => `**${peer}** failed: ${why}`)].join("\n\n");
}

/** When the run of the bench began, to the minute. */
export function momentOf({ startedAt }: Pick<Sitting, "startedAt">): string {
  return startedAt.slice(0, 16).replace("T", " ");
}
