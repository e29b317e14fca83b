import { probePostgres } from "../postgres/probe-postgres.ts";
import { probeRabbitmq } from "../rabbitmq/probe-rabbitmq.ts";
import { probeRedis } from "../redis/probe-redis.ts";
import type { ServiceName } from "../service-name.ts";
import { probeSqs } from "../sqs/probe-sqs.ts";
import type { Probe } from "./probe.ts";

/** How each service is asked whether it is there. */
export const probes: Readonly<Record<ServiceName, Probe>> = {
  redis: probeRedis,
  rabbitmq: probeRabbitmq,
  postgres: probePostgres,
  sqs: probeSqs,
  moto: probeSqs,
};
