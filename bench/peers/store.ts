import type { ServiceName } from "../../integration/services/service-name.ts";

/** Servers that something is measured on; moto is too slow for it. */
export type BenchService = Exclude<ServiceName, "moto">;

/** What a peer keeps its jobs in. Only peers of one store are compared: they give the same durability. */
export type Store = keyof typeof stores;

/** Stores by name: their titles, and the servers that they need. */
const stores = {
  memory: { title: "Memory", service: undefined },
  sqlite: { title: "SQLite", service: undefined },
  redis: { title: "Redis", service: "redis" },
  postgres: { title: "PostgreSQL", service: "postgres" },
  rabbitmq: { title: "RabbitMQ, quorum queues", service: "rabbitmq" },
  "rabbitmq-classic": { title: "RabbitMQ, classic queues", service: "rabbitmq" },
  sqs: { title: "SQS (emulator)", service: "sqs" },
} as const satisfies Record<string, { readonly title: string; readonly service: BenchService | undefined }>;

/** All stores. */
export const storeNames: readonly Store[] = Object.keys(stores) as Store[];

/** As it is printed. */
export function titleOf(store: Store): string {
  return stores[store].title;
}

/** The server that it needs; `undefined`: none. */
export function serviceOf(store: Store): BenchService | undefined {
  return stores[store].service;
}
