import path from "node:path";
import { memoryTransport } from "@lovage/transport-memory";
import type { Broker } from "./broker.ts";

const oneProcess = "its queues live in the one process that would be killed, stopped or blocked";
const noServer = "there is no server that could end, be away or come back empty";
const noNetwork = "no network lies between it and its workers";

/** Queues in one process: nothing survives it, and nothing else sees them. */
export const memory: Broker = {
  name: "memory",
  suites: ["packages/transport-memory/src/conformance", "packages/backend-memory/src/conformance"],
  exemptions: {
    1: oneProcess,
    2: oneProcess,
    3: oneProcess,
    4: oneProcess,
    5: oneProcess,
    8: "a worker process has nobody to hand over to; stopping a worker in its process is row 11",
    9: "a worker process has nobody to hand over to; stopping a worker in its process is row 11",
    10: oneProcess,
    12: "it cannot be away while its workers are there",
    13: "it is about the worker's process, whatever the broker",
    14: noServer,
    15: noServer,
    16: noServer,
    17: noServer,
    25: "it has no file",
    30: noNetwork,
    31: noNetwork,
    32: noNetwork,
    33: noNetwork,
    34: noNetwork,
    36: "it has no clock but that of its process",
    37: "it has no clock but that of its process",
    39: oneProcess,
    41: oneProcess,
    42: oneProcess,
    47: oneProcess,
    48: oneProcess,
    64: "it keeps nothing that another version could find",
  },
  place: ({ directory, pace: { leaseMs, sweepMs } }) => {
    const name = path.basename(directory);
    return {
      broker: `memory://${name}?lease=${leaseMs}ms&sweep=${sweepMs}ms`,
      backend: `memory://${name}`,
      openTransport: () => memoryTransport({ name, lease: leaseMs, sweep: sweepMs }),
    };
  },
};
