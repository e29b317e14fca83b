import { celeryPeers } from "./celery-peers.ts";
import { allBut, lovage, peer, raw } from "./peer-card.ts";
import type { Peer } from "../peer.ts";

/** Peers of this store, its limit first. */
export const rabbitmqPeers: readonly Peer[] = [
  raw(
    {
      name: "raw-rabbitmq",
      store: "rabbitmq",
      packages: ["amqplib"],
      about:
        "amqplib with nothing around it: a confirm channel, persistent messages, a prefetch of 1,000, one acknowledgement for up to 100 messages",
      isAsked: allBut("schedule", "worker-memory"),
    },
    async () => (await import("../raw-rabbitmq.ts")).rawRabbitmq("quorum"),
  ),
  lovage("rabbitmq", {
    packages: ["lovage", "@lovage/transport-amqp", "@lovage/backend-amqp"],
    about: "publisher confirms, late acknowledgement; results come by message (`rpc://`)",
  }),
  peer(
    {
      name: "rabbitmq-client",
      store: "rabbitmq",
      packages: ["rabbitmq-client"],
      about: "publisher confirms, a prefetch of 1,000, an acknowledgement for each message",
      isAsked: allBut("schedule", "worker-memory"),
    },
    async () => (await import("../rabbitmq-client.ts")).rabbitmqClient(),
  ),
  raw(
    {
      name: "raw-rabbitmq-classic",
      store: "rabbitmq-classic",
      packages: ["amqplib"],
      about: "as raw-rabbitmq",
      isAsked: allBut("schedule"),
    },
    async () => (await import("../raw-rabbitmq.ts")).rawRabbitmq("classic"),
  ),
  lovage("rabbitmq-classic", {
    packages: ["lovage", "@lovage/transport-amqp", "@lovage/backend-amqp"],
    about: "as lovage-rabbitmq, on the kind of queue that Celery 5.2 uses",
  }),
  ...celeryPeers("rabbitmq-classic", "rabbitmq"),
];
