import type { Sitting } from "../sittings/sitting.ts";
import { alignedTable } from "./case-table.ts";
import { formatFigure } from "./format-figure.ts";
import { momentOf } from "./sitting-line.ts";

const sqliteKeeps = "WAL, `synchronous=FULL`: a job is on disk before it counts as accepted";

/** Which runs of the bench the page is made of, where they were, and what each store keeps. */
export function settings(sittings: readonly Sitting[]): string {
  const runs = [...Map.groupBy(sittings, ({ startedAt }) => startedAt).values()];
  const rows = runs.flatMap((sameRun) => {
    const [first] = sameRun;
    return first === undefined ? [] : [rowOf(first, sameRun.length)];
  });
  const kept = sittings.flatMap(({ server }) =>
    server === undefined ? [] : `- ${server.version.split(" ")[0]} keeps ${server.durability}; for all peers alike.`,
  );
  const lines = [`- SQLite keeps ${sqliteKeeps}; for all peers alike.`, ...new Set(kept)];
  return `${alignedTable(["began (UTC)", "commit", "tables", "load before", "machine", "Node", "SQLite"], rows)}\n\n${lines.join("\n")}`;
}

function rowOf(sitting: Sitting, tables: number): readonly string[] {
  const { commit, load, environment } = sitting;
  const { cores, processor, memoryGiB, system, node, sqlite } = environment;
  const machine = `${cores} cores, ${processor}, ${memoryGiB} GiB, ${system}`;
  return [momentOf(sitting), `\`${commit}\``, String(tables), formatFigure(load), machine, node, sqlite];
}
