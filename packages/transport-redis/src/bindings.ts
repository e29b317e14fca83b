import { asList, asText, asTexts, defineScript } from "@lovage/client-redis";
import { requireExchangeType, type BindingStore } from "@lovage/lease-engine";
import type { Binding, ExchangeDeclaration, ExchangeType } from "@lovage/transport";

import { asTransport } from "./errors.ts";
import { bindForKombu, unbindForKombu } from "./kombu-bindings.ts";
import { enter, type Server } from "./server.ts";

/** KEYS: the exchange's hash. ARGV: its type, or '' when only bound; bindings. Gives the type there is; with another one nothing is bound. */
const bindScript = defineScript(
  "bind",
  `
local found = redis.call('HGET', KEYS[1], 'type')
if ARGV[1] ~= '' and found and found ~= ARGV[1] then return found end
if ARGV[1] ~= '' then redis.call('HSETNX', KEYS[1], 'type', ARGV[1]) end
for index = 2, #ARGV do redis.call('HSET', KEYS[1], ARGV[index], '') end
return redis.call('HGET', KEYS[1], 'type') or ''
`,
  { allowFull: true },
);

/** Exchanges and bindings in hashes, so that every program that uses the server routes alike. */
export function redisBindings(server: Server): BindingStore {
  return {
    bind: (exchanges, bindings) => asTransport(() => bind(server, exchanges, bindings)),
    read: (exchange) => asTransport(() => readForRouting(server, exchange)),
  };
}

async function bind(
  server: Server,
  exchanges: readonly ExchangeDeclaration[],
  bindings: readonly Binding[],
): Promise<void> {
  const names = new Set([...exchanges.map(({ name }) => name), ...bindings.map(({ exchange }) => exchange)]);
  if (names.size === 0) return;
  await enter(server, server.keys.exchanges, names);
  for (const name of names) {
    const declared = exchanges.find((exchange) => exchange.name === name);
    const bound = bindings.filter(({ exchange }) => exchange === name);
    const fields = bound.map(fieldOf);
    const found = asText(
      await server.connection().run(bindScript, [server.keys.exchange(name)], [declared?.type ?? "", ...fields]),
    );
    if (declared !== undefined) requireExchangeType(declared, found);
    await bindForKombu(server, found, bound);
  }
}

/** What is published to an exchange may go to queues that were not declared here, and who reads these decides its form. */
async function readForRouting(server: Server, name: string): ReturnType<BindingStore["read"]> {
  const found = await read(server, name);
  const bound = found?.bindings.map(({ queue }) => queue) ?? [];
  await server.readers.learn(server.connection(), bound);
  return found;
}

async function read(server: Server, name: string): ReturnType<BindingStore["read"]> {
  const fields = asTexts(await server.connection().call("HGETALL", [server.keys.exchange(name)]));
  const typeAt = fields.indexOf("type");
  if (typeAt < 0) return undefined;
  const type = fields[typeAt + 1];
  const bindings = fields
    .filter((field, index) => index % 2 === 0 && field !== "type")
    .map((field) => toBinding(name, field));
  return { exchange: { name, type: type as ExchangeType }, bindings };
}

/** Removes all bindings of a queue that is gone. */
export async function unbind(server: Server, queue: string): Promise<void> {
  const connection = server.connection();
  for (const name of asTexts(await connection.call("SMEMBERS", [server.keys.exchanges]))) {
    const found = await read(server, name);
    const bound = found?.bindings.filter((binding) => binding.queue === queue) ?? [];
    if (found === undefined || bound.length === 0) continue;
    await connection.call("HDEL", [server.keys.exchange(name), ...bound.map(fieldOf)]);
    await unbindForKombu(server, found.exchange.type, bound);
  }
}

/** A field of the exchange's hash: its first character keeps it apart from `type`. */
function fieldOf({ queue, routingKey = "" }: Binding): string {
  return JSON.stringify([queue, routingKey]);
}

function toBinding(exchange: string, field: string): Binding {
  const [queue, routingKey] = asList(JSON.parse(field));
  return { exchange, queue: String(queue), routingKey: String(routingKey) };
}
