import { parseArgs } from "node:util";
import { brokers } from "../brokers/brokers.ts";
import type { Depth } from "../scene/depth.ts";
import { readNumber, readOneOf } from "./read-option.ts";

/** What `./run matrix` was told. */
export interface MatrixOptions {
  /** Name of a broker. */
  readonly transport: string;
  readonly depth: Depth["name"];
  readonly repeat: number;
  /** Only these rows. Empty: all. */
  readonly rows: readonly number[];
  /** Of the first run; the following ones add one. @default random */
  readonly seed: number | undefined;
  /** Whether the evidence file is written. */
  readonly writes: boolean;
  /** Whether the runs are added to those of the evidence file, instead of beginning it anew. */
  readonly adds: boolean;
  readonly help: boolean;
}

const names = brokers.map(({ name }) => name);
const longestRepeat = 1_000;

/** What `--help` prints. */
export const matrixUsage: string = `./run matrix --transport <name> [options]

Runs the contract's suites and the fault matrix on one transport, again and again with other seeds, and writes
docs/evidence/<name>.json, from which ./run guarantees makes the tables of docs/guarantees.md. A run that is
interrupted is written down as one that failed.

  --transport <name>  ${names.join(", ")}
  --full              full scale: leases of 30 s, 10 000 tasks and more; hours. Without it a tenth, as npm test runs it
  --repeat <number>   so many runs, each with a seed of its own (default 1)
  --row <number>      only this row of the matrix, nothing is written; can be given again
  --seed <number>     seed of the first run; the others follow from it (default random)
  --add               add the runs to those that the evidence file holds, also of other days and commits; without it
                      the file begins anew
  --no-write          leave the evidence file as it is`;

/** Reads the command line. @throws TypeError, Error for what it does not know */
export function readMatrixOptions(args: readonly string[]): MatrixOptions {
  const { values } = parseArgs({
    args: [...args],
    allowNegative: true,
    options: {
      transport: { type: "string" },
      full: { type: "boolean", default: false },
      repeat: { type: "string", default: "1" },
      row: { type: "string", multiple: true, default: [] },
      seed: { type: "string" },
      write: { type: "boolean", default: true },
      add: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  const rows = values.row.map((row) => readNumber("--row", row, [1, 99]));
  // A part of the matrix is no evidence of the whole.
  const writes = values.write && rows.length === 0;
  if (values.add && !writes) throw new Error("--add writes whole runs down: not with --row or --no-write.");
  return {
    transport: values.help ? "" : readOneOf("--transport", values.transport, names),
    depth: values.full ? "full" : "tenth",
    repeat: readNumber("--repeat", values.repeat, [1, longestRepeat]),
    rows,
    seed: values.seed === undefined ? undefined : readNumber("--seed", values.seed, [0, 2 ** 31 - 1]),
    writes,
    adds: values.add,
    help: values.help,
  };
}
