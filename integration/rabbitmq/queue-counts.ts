import type { Server } from "../services/service.ts";

/**
 * How many messages of a kind each queue of a vhost has, by name. What `list_queues` tells, but evaluated: looking again and again then costs next to
 * nothing on a private server.
 */
export async function queueCounts(
  server: Server,
  vhost: string,
  kind: "messages" | "messages_ready" | "messages_unacknowledged",
): Promise<ReadonlyMap<string, number>> {
  const rows = `rabbit_amqqueue:info_all(<<"${vhost}">>, [name, ${kind}])`;
  const code = `[{binary_to_list(element(4, Name)), Count} || [{name, Name}, {_, Count}] <- ${rows}].`;
  const list = await server.execute("rabbitmqctl", ["eval", code]);
  return new Map([...list.matchAll(/\{"([^"]*)",\s*(\d+)\}/gu)].map(([, name = "", count]) => [name, Number(count)]));
}
