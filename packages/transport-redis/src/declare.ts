import { deadLetterQueueOf, FeatureUnsupportedError, type QueueDeclaration } from "@lovage/transport";

import { toConsumers } from "./queue-readers.ts";
import { asText } from "./replies.ts";
import { declareScript } from "./scripts/queue.ts";
import { enter, type Server } from "./server.ts";

/** Makes queues and their dead-letter queues exist, with the options that were given; those not given stay. */
export async function declareQueues(server: Server, queues: readonly QueueDeclaration[]): Promise<void> {
  for (const queue of queues) refuseUnsupported(queue, server.isCluster);
  if (queues.length === 0) return;
  const { keys } = server;
  await Promise.all(queues.map((queue) => declareQueue(server, queue)));
  const names = queues.map(({ name }) => name.replace(/\.dead$/, ""));
  await enter(server, keys.queues, names);
}

async function declareQueue(server: Server, queue: QueueDeclaration): Promise<void> {
  const { keys, kombu, readers } = server;
  const { name, consumers = "", fairness, priorities, deadLetterRetentionMs: retentionMs } = queue;
  const retention = retentionMs === undefined ? "" : Math.ceil(retentionMs);
  const bases = [keys.base(name), keys.base(deadLetterQueueOf(name))];
  const isShared = consumers === "celery" || consumers === "mixed" || readers.mayHoldEnvelopes(name);
  const args = [flag(fairness), flag(priorities), retention, consumers, isShared ? kombu.list(name) : ""];
  readers.note(name, toConsumers(asText(await server.connection().run(declareScript, bases, args))));
  if (!readers.areCelery(name)) return;
  // As Celery itself binds a queue: to an exchange of its own name.
  await enter(server, kombu.bindings(name), [kombu.binding(name, "", name)]);
}

function refuseUnsupported(queue: QueueDeclaration, isCluster: boolean): void {
  const { name, consumers = "lovage", driver = {} } = queue;
  if (consumers !== "lovage" && isCluster) {
    throw new FeatureUnsupportedError(
      `Queue "${name}" is declared for ${consumers} consumers, and Celery's queues are not in one slot of a Redis Cluster: use a Redis without cluster, amqp: or sqs: for queues shared with Celery.`,
    );
  }
  for (const feature of ["fairness", "priorities"] as const) {
    if (consumers === "lovage" || queue[feature] !== true) continue;
    throw new FeatureUnsupportedError(
      `Queue "${name}" asks for ${feature}, which Kombu's lists do not have: leave it out, or let Lovage's workers alone read the queue (consumers "lovage").`,
    );
  }
  const [option] = Object.keys(driver);
  if (option === undefined) return;
  throw new FeatureUnsupportedError(`Queue "${name}" has the driver option "${option}"; redis: has none. Remove it.`);
}

function flag(value: boolean | undefined): string {
  return value === undefined ? "" : value ? "1" : "0";
}
