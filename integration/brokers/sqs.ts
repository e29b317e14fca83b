import { stat } from "node:fs/promises";
import path from "node:path";
import { sqsTransport } from "@lovage/transport-sqs";
import type { Broker } from "./broker.ts";

const exemptions = {
  17: "a service of AWS does not come back empty; a queue that somebody has deleted is an error that names it",
  25: "it has no file of ours",
  44: "it has no turns between keys",
  48: "its emulator takes minutes for the thousands of orders; both scenarios were run before it once, and passed",
  64: "it has no schema; there is one release, whose form of messages carries a version",
};

/**
 * SQS with standard queues, by its emulator fauxqs. Each test has a prefix of its own; results are in a file, since SQS keeps none.
 */
export const sqs: Broker = {
  name: "sqs",
  suites: ["integration/drivers/sqs.", "integration/drivers/sqs-fifo.", "integration/sqs/"],
  service: "sqs",
  // As an image the emulator fails on a message that is to be seen at once, and forgets it; the private one is mended.
  rungs: ["private"],
  // Every ten messages are a request over HTTP.
  bulkShare: 0.05,
  exemptions,
  place: ({ directory, pace: { leaseMs, sweepMs }, url }) => {
    const { host } = new URL(url);
    const query = `lease=${leaseMs}ms&sweep=${sweepMs}ms&prefix=${path.basename(directory)}-`;
    const broker = `sqs://test:test@${host}?${query}`;
    const backend = `sqlite:${resultsOf(directory)}`;
    return { broker, backend, openTransport: () => sqsTransport({ url: broker }) };
  },
  // The emulators keep their queues in memory, and do not tell how much.
  storeBytes: async ({ directory }) => (await stat(resultsOf(directory))).size,
};

const forgets = "moto keeps its queues in memory, so that they end with it";

/** The same by moto, an emulator by other authors, in a container. It takes 30 to 90 messages a second. */
export const sqsMoto: Broker = {
  ...sqs,
  name: "sqs-moto",
  suites: ["integration/drivers/sqs-moto", "integration/sqs/row", "integration/sqs/claim-check"],
  service: "moto",
  rungs: ["container"],
  isSecondOpinion: true,
  forgets: true,
  exemptions: {
    ...exemptions,
    12: forgets,
    14: forgets,
    15: forgets,
    48: "it would take hours for the thousands of orders",
    49: "a queue of moto takes 256 KiB, where one of SQS takes 1 MiB: arguments of 250 kB are refused, and told so",
    37: "a container goes by the machine's clock, which no test sets",
  },
};

function resultsOf(directory: string): string {
  return path.join(directory, "results.db");
}
