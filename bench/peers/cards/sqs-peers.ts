import { defaultsOnly, lovage, peer, raw } from "./peer-card.ts";
import type { Peer } from "../peer.ts";

/** Peers of this store, its limit first. */
export const sqsPeers: readonly Peer[] = [
  raw(
    {
      name: "raw-sqs",
      store: "sqs",
      packages: ["@aws-sdk/client-sqs"],
      about: "the AWS SDK with nothing around it: batches of 10 where it has them, ten at once; eight polls at once",
    },
    async () => (await import("../raw-sqs.ts")).rawSqs(),
  ),
  lovage("sqs", { packages: ["lovage", "@lovage/transport-sqs"], about: "visibility is the lease and is renewed" }),
  peer(
    {
      name: "sqs-consumer",
      store: "sqs",
      packages: ["sqs-consumer", "sqs-producer", "@aws-sdk/client-sqs"],
      about: "with sqs-producer: batches of 10",
    },
    async () => (await import("../sqs-consumer.ts")).sqsConsumer({ batchSize: 10 }),
  ),
  peer(
    {
      name: "sqs-consumer-defaults",
      store: "sqs",
      packages: ["sqs-consumer", "sqs-producer", "@aws-sdk/client-sqs"],
      about: "as it comes: one message at a time",
      workShare: 0.2,
      isAsked: defaultsOnly,
    },
    async () => (await import("../sqs-consumer.ts")).sqsConsumer({}),
  ),
];
