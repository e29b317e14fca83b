import { stat } from "node:fs/promises";
import path from "node:path";
import { sqliteTransport } from "@lovage/transport-sqlite";
import type { Broker } from "./broker.ts";
import { whileLocked } from "./while-locked.ts";

const noServer =
  "there is no server that could end or be away; a file that is locked, full or gone is rows 11, 12 and 25";
const noNetwork = "no network lies between it and its workers";

/** The embedded file: the default of Lovage. */
export const sqlite: Broker = {
  name: "sqlite",
  suites: ["packages/transport-sqlite/src/conformance", "packages/backend-sqlite/src/conformance"],
  exemptions: {
    14: noServer,
    15: noServer,
    16: noServer,
    17: noServer,
    30: noNetwork,
    31: noNetwork,
    32: noNetwork,
    33: noNetwork,
    34: noNetwork,
    36: "its clock is that of the machine, which all its workers share",
  },
  place: ({ directory, pace: { leaseMs, sweepMs } }) => {
    const file = databaseOf(directory);
    const broker = `sqlite:${file}?lease=${leaseMs}ms&sweep=${sweepMs}ms`;
    return { broker, backend: `sqlite:${file}`, openTransport: () => sqliteTransport({ url: broker }) };
  },
  whileAway: (directory, work) => whileLocked(databaseOf(directory), work),
  storeBytes: async ({ directory }) => (await stat(databaseOf(directory))).size,
};

/** The database of a test's directory. */
export function databaseOf(directory: string): string {
  return path.join(directory, "queue.db");
}
