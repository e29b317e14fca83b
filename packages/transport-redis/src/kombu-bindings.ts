import type { Binding, ExchangeType } from "@lovage/transport";

import { enter, type Server } from "./server.ts";

/**
 * Writes bindings of queues that Celery's workers read where Kombu looks for them, so that Python's producers reach them through an exchange, too. Kombu
 * broadcasts over fanout exchanges instead of filling queues.
 */
export async function bindForKombu(server: Server, type: string, bindings: readonly Binding[]): Promise<void> {
  if (type !== "direct" && type !== "topic") return;
  for (const binding of bindings.filter(({ queue }) => server.readers.areCelery(queue))) {
    const [key, entry] = entryOf(server, type, binding);
    await enter(server, key, [entry]);
  }
}

/** Takes them away again. */
export async function unbindForKombu(server: Server, type: ExchangeType, bindings: readonly Binding[]): Promise<void> {
  for (const binding of bindings.filter(({ queue }) => server.readers.areCelery(queue))) {
    await server.connection().call("SREM", entryOf(server, type, binding));
  }
}

function entryOf({ kombu }: Server, type: string, { exchange, queue, routingKey = "" }: Binding): [string, string] {
  return [kombu.bindings(exchange), kombu.binding(routingKey, type === "topic" ? patternOf(routingKey) : "", queue)];
}

/**
 * As Kombu writes a pattern: `*` is at least one character, `#` any number of them, and all that is neither letter nor digit is escaped (wire format, 3.2). In
 * another spelling the binding would stand in the set twice, once for each language, and Python's would outlive the queue.
 */
function patternOf(routingKey: string): string {
  const words = routingKey.split(".").map((word) => {
    if (word === "*") return ".*?[^\\.]";
    return word === "#" ? ".*?" : word.replaceAll(/[^\p{L}\p{N}#]/gu, "\\$&");
  });
  return `^${words.join("\\.")}$`;
}
