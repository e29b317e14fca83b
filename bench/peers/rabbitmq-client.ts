import { Connection } from "rabbitmq-client";
import type { Consumer } from "rabbitmq-client";
import { benchUrl } from "../servers/bench-url.ts";
import { notAsked } from "./peer.ts";
import type { Job, PeerProducer, PeerProgram, PeerWorker, PeerWorkerOptions } from "./peer.ts";

const queue = "bench";
const queueOptions = { queue, durable: true, arguments: { "x-queue-type": "quorum" } } as const;
const concurrency = 1_000;
const callMs = 60_000;

/** rabbitmq-client: publisher confirms, a prefetch of ${concurrency}; it acknowledges message by message. */
export function rabbitmqClient(): PeerProgram {
  return { openProducer, openWorker };
}

async function open(): Promise<Connection> {
  const connection = new Connection(benchUrl("rabbitmq"));
  // It insists on a listener; a broken connection is found by the jobs that do not run.
  connection.on("error", () => {});
  await connection.onConnect();
  await connection.queueDeclare(queueOptions);
  return connection;
}

async function openProducer(): Promise<PeerProducer> {
  const connection = await open();
  const publisher = connection.createPublisher({ confirm: true });
  const caller = connection.createRPCClient({ confirm: true, timeout: callMs });
  const envelope = { routingKey: queue, durable: true };
  const enqueue = (job: Job): Promise<void> => publisher.send(envelope, job);
  return {
    enqueue,
    enqueueMany: async (jobs) => void (await Promise.all(jobs.map((job) => enqueue(job)))),
    schedule: notAsked("rabbitmq-client"),
    call: async (job) => (await caller.send(envelope, job)).body as number,
    depth: async () => (await connection.queueDeclare({ queue, passive: true })).messageCount,
    close: async () => {
      await Promise.all([publisher.close(), caller.close()]);
      await connection.close();
    },
  };
}

async function openWorker({ onRun }: PeerWorkerOptions): Promise<PeerWorker> {
  const connection = await open();
  const options = { queue, queueOptions, concurrency, qos: { prefetchCount: concurrency }, lazy: true };
  const consumer: Consumer = connection.createConsumer(options, async ({ body, replyTo }, reply) => {
    const { id } = body as Job;
    onRun(id);
    if (replyTo !== undefined) await reply(id);
  });
  // As above.
  consumer.on("error", () => {});
  return {
    start: async () => {
      const ready = Promise.withResolvers<void>();
      consumer.on("ready", ready.resolve);
      consumer.start();
      await ready.promise;
    },
    stop: async () => {
      await consumer.close();
      await connection.close();
    },
  };
}
