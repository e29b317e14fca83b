import path from "node:path";
import { sqliteTransport } from "@lovage/transport-sqlite";
import type { Broker } from "./broker.ts";

/** The embedded file: the default of Lovage. */
export const sqlite: Broker = {
  name: "sqlite",
  exemptions: {},
  place: (directory, { leaseMs, sweepMs }) => {
    const file = databaseOf(directory);
    const broker = `sqlite:${file}?lease=${leaseMs}ms&sweep=${sweepMs}ms`;
    return { broker, backend: `sqlite:${file}`, openTransport: () => sqliteTransport({ url: broker }) };
  },
};

/** The database of a test's directory. */
export function databaseOf(directory: string): string {
  return path.join(directory, "queue.db");
}
