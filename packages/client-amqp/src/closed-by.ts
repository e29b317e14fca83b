import type { Letter } from "./publish-on.ts";

/** What the server says of a message above its limit. */
const tooLarge = /message size (\d+) is larger/;
/** What it says of a place that this user may not write to; of a topic without the word "exchange" a second time, in all versions so far. */
const notWritable = /(?:topic '(.*)' in exchange (?:exchange )?|exchange )'([^']*)' in vhost/s;
/** The name that it has for the default exchange, which has none. */
const defaultExchange = "amq.default";

/**
 * Which message the server closed a channel by: one that breaks a rule of its own (406), or is for where its user may not write (403). `undefined`: by none
 * of them, or nothing tells which.
 * @param flying All that was written and not confirmed, in this order.
 * @param takers Exchanges that have taken something over this channel. Where one is not to be written to any more, it may have taken the first of those on their way.
 */
export function closedBy<L extends Letter>(
  cause: Error & { readonly code?: unknown },
  flying: readonly L[],
  takers: ReadonlySet<string>,
): L | undefined {
  const only = flying.length === 1 ? flying[0] : undefined;
  if (cause.code === 406) {
    const [, bytes] = tooLarge.exec(cause.message) ?? [];
    return bytes === undefined ? only : flying.find(({ body }) => body.byteLength === Number(bytes));
  }
  if (cause.code !== 403) return undefined;
  const [, topic, name] = notWritable.exec(cause.message) ?? [];
  if (name === undefined) return only;
  const exchange = name === defaultExchange ? "" : name;
  const meant = flying.filter(
    (letter) => letter.exchange === exchange && (topic ?? letter.routingKey) === letter.routingKey,
  );
  // A topic is refused by its own name, whatever else its exchange takes.
  const isFirst = topic !== undefined || !takers.has(exchange);
  return meant.length === 1 || isFirst ? meant[0] : undefined;
}
