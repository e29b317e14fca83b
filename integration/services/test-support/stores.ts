import { exchange } from "../probe/exchange.ts";
import type { ServiceName } from "../service-name.ts";
import type { OwnServer } from "../service.ts";
import { askSqs } from "../sqs/ask-sqs.ts";
import { openAmqp, openPostgres, openRedis } from "./clients.ts";
import type { Client } from "./clients.ts";

/** The smallest thing that a service keeps, put there and looked for with no client library. */
export interface Store {
  put(server: OwnServer): Promise<void>;
  has(server: OwnServer): Promise<boolean>;
  /** Opens a connection as clients have it. Absent: they have none. */
  readonly connect?: (port: number) => Promise<Client>;
}

const psql = ["-U", "postgres", "-t", "-A", "-c"];

const askRedis = async ({ port }: OwnServer, command: string): Promise<string> =>
  await exchange({
    host: "127.0.0.1",
    port,
    question: Buffer.from(`${command}\r\n`),
    read: (answer) => (answer.toString().endsWith("\r\n") ? answer.toString().trim() : undefined),
  });

const sqs: Store = {
  put: async ({ url }) => void (await askSqs(new URL(url), "CreateQueue", { QueueName: "kept" })),
  has: async ({ url }) => (await askSqs(new URL(url), "ListQueues", {})).body.includes("kept"),
};

export const stores: Readonly<Record<ServiceName, Store>> = {
  redis: {
    put: async (server) => void (await askRedis(server, "SET kept yes")),
    has: async (server) => (await askRedis(server, "EXISTS kept")) === ":1",
    connect: openRedis,
  },
  postgres: {
    put: async (server) => void (await server.execute("psql", [...psql, "CREATE TABLE kept ()"])),
    has: async (server) => (await server.execute("psql", [...psql, "SELECT to_regclass('kept')"])).trim() === "kept",
    connect: openPostgres,
  },
  rabbitmq: {
    put: async (server) => void (await server.execute("rabbitmqctl", ["add_vhost", "kept"])),
    has: async (server) => (await server.execute("rabbitmqctl", ["-q", "list_vhosts"])).includes("kept"),
    connect: openAmqp,
  },
  sqs,
  moto: sqs,
};
