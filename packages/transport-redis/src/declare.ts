import { ArgumentWriter, asList, asNumber, asText, isRedisError } from "@lovage/client-redis";
import {
  deadLetterQueueOf,
  FeatureUnsupportedError,
  TransportRejectedError,
  type QueueDeclaration,
} from "@lovage/transport";

import { toConsumers } from "./queue-readers.ts";
import { declareScript, requireScript } from "./scripts/queue.ts";
import { enlistDeclared, enter, type Server } from "./server.ts";
import { StepKeys } from "./step-keys.ts";

/** Makes queues and their dead-letter queues exist, with the options that were given; those not given stay. */
export async function declareQueues(server: Server, queues: readonly QueueDeclaration[]): Promise<void> {
  for (const queue of queues) refuseUnsupported(queue, server.isCluster);
  if (queues.length === 0) return;
  await Promise.all(queues.map((queue) => declareQueue(server, queue)));
  const names = queues.map(({ name }) => name.replace(/\.dead$/, ""));
  await enlistDeclared(server, names);
}

async function declareQueue(server: Server, queue: QueueDeclaration): Promise<void> {
  const { keys, kombu, readers } = server;
  const { name, consumers = "", fairness, priorities, deadLetterRetentionMs: retentionMs } = queue;
  const retention = retentionMs === undefined ? "" : Math.ceil(retentionMs);
  const bases = [keys.base(name), keys.base(deadLetterQueueOf(name))];
  const isShared = consumers === "celery" || consumers === "mixed" || readers.mayHoldEnvelopes(name);
  const args = [flag(fairness), flag(priorities), retention, consumers, isShared ? kombu.list(name) : ""];
  const [reader, wasRead] = asList(await server.connection().run(declareScript, bases, args));
  readers.note(name, toConsumers(asText(reader)));
  if (asText(reader) === "" && asNumber(wasRead) === 0) await server.namesakes.look(name);
  if (!readers.areCelery(name)) return;
  await requireLists(server, name);
  // As Celery itself binds a queue: to an exchange of its own name.
  await enter(server, kombu.bindings(name), [kombu.binding(name, "", name)]);
}

/** A program that may not use Celery's lists is told when it begins, not by the first message for them. */
async function requireLists(server: Server, queue: string): Promise<void> {
  const keys = new StepKeys(server);
  keys.addReturns(queue);
  try {
    await keys.run(requireScript, new ArgumentWriter());
  } catch (error) {
    if (!isRedisError(error) || error.retryable) throw error;
    const key = server.kombu.list(queue);
    const text = `Queue "${queue}" is read by Celery's workers, and its lists cannot be used: ${error.message} They are the keys "${key}" and those that begin with it (~${key}* in the user's ACL).`;
    throw new TransportRejectedError(text, { cause: error });
  }
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
