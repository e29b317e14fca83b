import type { ServiceName } from "../service-name.ts";

const forms: Readonly<Record<ServiceName, (address: string) => string>> = {
  redis: (address) => `redis://${address}`,
  rabbitmq: (address) => `amqp://guest:guest@${address}`,
  postgres: (address) => `postgres://postgres@${address}/postgres`,
  sqs: (address) => `http://${address}`,
  moto: (address) => `http://${address}`,
};

/** The URL of a server that the ladder has made. */
export function urlOf(name: ServiceName, host: string, port: number): string {
  return forms[name](`${host}:${port}`);
}
