import { availableParallelism, cpus, release, totalmem, type } from "node:os";
import process from "node:process";

/** Where was measured: what the figures hold for. */
export interface Environment {
  readonly node: string;
  readonly sqlite: string;
  readonly system: string;
  readonly processor: string;
  readonly cores: number;
  readonly memoryGiB: number;
}

/** Describes this machine. */
export function readEnvironment(): Environment {
  return {
    node: process.versions.node,
    sqlite: process.versions["sqlite"] ?? "unknown",
    system: `${type()} ${release()}`,
    processor: cpus()[0]?.model ?? "unknown",
    cores: availableParallelism(),
    memoryGiB: Math.round(totalmem() / 2 ** 30),
  };
}
