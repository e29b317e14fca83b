import { availableParallelism, cpus, release, totalmem, type } from "node:os";
import process from "node:process";
import { brokers } from "../brokers/brokers.ts";
import type { Surroundings } from "../figures/evidence.ts";
import { makeLadder } from "../services/ladder/make-ladder.ts";

/** With what and where the matrix is run. */
export async function surroundingsOf(transport: string): Promise<Surroundings> {
  return {
    broker: await readBroker(transport),
    versions: { node: process.versions.node, sqlite: process.versions["sqlite"] ?? "unknown" },
    machine: `${availableParallelism()} cores (${cpus()[0]?.model ?? "unknown"}), ${Math.round(totalmem() / 2 ** 30)} GiB, ${type()} ${release()}`,
  };
}

/** What the suites will be given: the rung is chosen in the same way. */
async function readBroker(transport: string): Promise<string> {
  const { service, rungs } = brokers.find(({ name }) => name === transport) ?? {};
  if (service === undefined) return "in the processes of Lovage";
  await using server = await makeLadder().start(service, rungs);
  return server.origin;
}
