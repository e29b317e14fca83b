import { stat } from "node:fs/promises";
import path from "node:path";
import { amqpTransport } from "@lovage/transport-amqp";
import { makeVhost } from "../services/rabbitmq/make-vhost.ts";
import type { Broker } from "./broker.ts";

/** RabbitMQ with quorum queues, its default. Each test has a vhost of its own; results are in a file, since the broker keeps none. */
export const amqp: Broker = brokerOf("amqp", "", [
  "integration/drivers/amqp.",
  "integration/drivers/rpc",
  "integration/rabbitmq/",
]);

/**
 * RabbitMQ with classic queues. What differs from quorum queues is how a message comes back and how that is counted.
 */
export const amqpClassic: Broker = {
  ...brokerOf("amqp-classic", "&queueType=classic", ["integration/drivers/amqp-classic"]),
  variantRows: [1, 3, 5, 12, 14],
};

function brokerOf(name: string, query: string, suites: readonly string[]): Broker {
  return {
    name,
    suites,
    service: "rabbitmq",
    isSlowToStart: true,
    renewsOnLoop: true,
    exemptions: {
      25: "it has no file of ours; a full disk and a full memory are row 26",
      44: "it has no fairness between keys",
      64: "it has no schema; there is one release, whose form of messages is Celery's",
    },
    place: ({ directory, pace: { leaseMs, sweepMs }, url }) => {
      // A silent worker is found after two or three of them; one that is busy must not be taken for silent.
      const heartbeatMs = Math.max(2_000, leaseMs / 3);
      const base = `${url.replace(/\/$/u, "")}/${vhostOf(directory)}`;
      const broker = `${base}?heartbeat=${heartbeatMs}ms&sweep=${sweepMs}ms${query}`;
      const backend = `sqlite:${resultsOf(directory)}`;
      return { broker, backend, openTransport: () => amqpTransport({ url: broker }) };
    },
    prepare: async (server, directory) => await makeVhost(server, vhostOf(directory)),
    // Its own files grow and shrink by the segment; what waits in its queues is looked at in the end.
    storeBytes: async ({ directory }) => (await stat(resultsOf(directory))).size,
    // A single node forgets the quorum queues that were declared in the second before it is killed, with all that is in them.
    beforeKill: async (server) => {
      await server.execute("rabbitmqctl", ["eval", `${syncMnesia}, [dets:sync(Table) || Table <- dets:all()].`]);
    },
  };
}

/** Where declarations are written down; from 4.2 on by default, and from 4.3 on always, that is Khepri, which waits for the disk by itself. */
const syncMnesia = "case whereis(mnesia_sup) of undefined -> ok; _ -> mnesia:sync_log() end";

function resultsOf(directory: string): string {
  return path.join(directory, "results.db");
}

function vhostOf(directory: string): string {
  return path.basename(directory);
}
