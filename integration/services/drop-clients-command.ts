import type { ServiceName } from "./service-name.ts";

/** A program that comes with a server, and its arguments. */
export type Command = readonly [program: string, ...args: readonly string[]];

const terminateBackends =
  "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()";

const commands: Readonly<Record<ServiceName, ((port: string) => readonly Command[]) | undefined>> = {
  redis: (port) =>
    ["normal", "pubsub"].map((type) => ["redis-cli", "-p", port, "client", "kill", "type", type, "skipme", "yes"]),
  rabbitmq: () => [["rabbitmqctl", "close_all_connections", "dropped by a test"]],
  postgres: () => [["psql", "-U", "postgres", "-c", terminateBackends]],
  sqs: undefined,
  moto: undefined,
};

/**
 * The commands that end the connections of a server's clients.
 * @param port The port that the server has where the commands run.
 * @throws Error for a service that has no such command
 */
export function dropClientsCommands(name: ServiceName, port: number): readonly Command[] {
  const make = commands[name];
  if (make === undefined) throw new Error(`${name} cannot drop its clients: cut the connections with a FaultProxy.`);
  return make(String(port));
}
