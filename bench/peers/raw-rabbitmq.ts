import amqplib from "amqplib";
import type { ChannelModel, ConfirmChannel, ConsumeMessage } from "amqplib";
import { benchUrl } from "../servers/bench-url.ts";
import { notAsked } from "./peer.ts";
import type { Job, PeerProducer, PeerProgram, PeerWorker, PeerWorkerOptions } from "./peer.ts";

const queue = "bench";
const replies = "amq.rabbitmq.reply-to";
const prefetch = 1_000;
const ackEvery = 100;

/** Kind of the queue. */
export type RawQueueType = "quorum" | "classic";

/** amqplib with nothing around it: a confirm channel, persistent messages; a prefetch of ${prefetch}, and an acknowledgement for every ${ackEvery} messages, or for those of one turn of the loop. */
export function rawRabbitmq(type: RawQueueType): PeerProgram {
  return {
    openProducer: async () => await producerOf(await open(type)),
    openWorker: async ({ onRun }: PeerWorkerOptions) => workerOf(await open(type), onRun),
  };
}

interface Opened {
  readonly connection: ChannelModel;
  readonly channel: ConfirmChannel;
}

async function open(type: RawQueueType): Promise<Opened> {
  const connection = await amqplib.connect(benchUrl("rabbitmq"));
  const channel = await connection.createConfirmChannel();
  const queueArguments = type === "quorum" ? { "x-queue-type": "quorum" } : {};
  await channel.assertQueue(queue, { durable: true, arguments: queueArguments });
  return { connection, channel };
}

async function producerOf({ connection, channel }: Opened): Promise<PeerProducer> {
  const waiting = new Map<number, () => void>();
  const hear = (message: ConsumeMessage | null): void => {
    const id = Number(message?.properties.correlationId);
    waiting.get(id)?.();
    waiting.delete(id);
  };
  await channel.consume(replies, hear, { noAck: true });
  const publish = (job: Job, options: object = {}): Promise<void> => {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const confirmed = (error: unknown): void => {
      if (error === null || error === undefined) resolve();
      else reject(new Error("RabbitMQ refused a job.", { cause: error }));
    };
    channel.sendToQueue(queue, Buffer.from(JSON.stringify(job)), { persistent: true, ...options }, confirmed);
    return promise;
  };
  return {
    enqueue: (job) => publish(job),
    enqueueMany: async (jobs) => {
      for (const job of jobs) channel.sendToQueue(queue, Buffer.from(JSON.stringify(job)), { persistent: true });
      await channel.waitForConfirms();
    },
    schedule: notAsked("raw-rabbitmq"),
    call: async (job) => {
      const { promise, resolve } = Promise.withResolvers<void>();
      waiting.set(job.id, resolve);
      await publish(job, { replyTo: replies, correlationId: String(job.id) });
      await promise;
      return job.id;
    },
    depth: async () => (await channel.checkQueue(queue)).messageCount,
    close: () => connection.close(),
  };
}

function workerOf({ connection, channel }: Opened, onRun: (id: number) => void): PeerWorker {
  let last: ConsumeMessage | undefined;
  let unacked = 0;
  const ack = (): void => {
    if (last !== undefined) channel.ack(last, true);
    last = undefined;
    unacked = 0;
  };
  const handle = async ({ id }: Job): Promise<number> => {
    onRun(id);
    return id;
  };
  const take = async (message: ConsumeMessage): Promise<void> => {
    const result = await handle(JSON.parse(message.content.toString()) as Job);
    const { replyTo, correlationId } = message.properties as Partial<Record<"replyTo" | "correlationId", string>>;
    if (replyTo !== undefined && correlationId !== undefined)
      channel.sendToQueue(replyTo, Buffer.from(String(result)), { correlationId });
    if (unacked === 0) setImmediate(ack);
    last = message;
    unacked += 1;
    if (unacked >= ackEvery) ack();
  };
  let tag: string | undefined;
  return {
    start: async () => {
      await channel.prefetch(prefetch);
      ({ consumerTag: tag } = await channel.consume(queue, (message) => void (message === null || take(message))));
    },
    stop: async () => {
      if (tag !== undefined) await channel.cancel(tag);
      ack();
      await connection.close();
    },
  };
}
