import { deadLetterQueueOf, FeatureUnsupportedError, type QueueDeclaration } from "@lovage/transport";

import { declareScript } from "./scripts/queue.ts";
import type { Server } from "./server.ts";

/** Makes queues and their dead-letter queues exist, with the options that were given; those not given stay. */
export async function declareQueues(server: Server, queues: readonly QueueDeclaration[]): Promise<void> {
  for (const queue of queues) refuseUnsupported(queue);
  if (queues.length === 0) return;
  const { keys } = server;
  const connection = server.connection();
  await Promise.all(
    queues.map(({ name, fairness, priorities, deadLetterRetentionMs }) =>
      connection.run(
        declareScript,
        [keys.base(name), keys.base(deadLetterQueueOf(name))],
        [flag(fairness), flag(priorities), deadLetterRetentionMs === undefined ? "" : Math.ceil(deadLetterRetentionMs)],
      ),
    ),
  );
  const names = queues.map(({ name }) => name.replace(/\.dead$/, ""));
  await connection.call("SADD", [keys.queues, ...names]);
}

function refuseUnsupported({ name, consumers = "lovage", driver = {} }: QueueDeclaration): void {
  if (consumers !== "lovage") {
    throw new FeatureUnsupportedError(
      `Queue "${name}" is declared for ${consumers} consumers, which the Redis transport cannot serve yet: use amqp: or sqs: for queues shared with Celery.`,
    );
  }
  const [option] = Object.keys(driver);
  if (option === undefined) return;
  throw new FeatureUnsupportedError(`Queue "${name}" has the driver option "${option}"; redis: has none. Remove it.`);
}

function flag(value: boolean | undefined): string {
  return value === undefined ? "" : value ? "1" : "0";
}
