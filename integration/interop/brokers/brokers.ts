import type { InteropBroker } from "./interop-broker.ts";
import { rabbitmqClassic, rabbitmqQuorum } from "./rabbitmq.ts";
import { redis } from "./redis.ts";
import { sqs } from "./sqs.ts";

/** All brokers over which Celery and Lovage meet. */
export const brokers: readonly InteropBroker[] = [redis, rabbitmqClassic, rabbitmqQuorum, sqs];
