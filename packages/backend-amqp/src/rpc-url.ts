import type { BrokerLocation } from "@lovage/backend";
import { amqpOptionNames } from "@lovage/client-amqp";
import { ConfigurationError, maskUrl, queryOptions } from "@lovage/foundation";

import { optionNames } from "./options.ts";

/** One server that the backend may connect to. */
export interface RpcPlace {
  /** An `amqp:` or `amqps:` URL without its query. */
  readonly base: string;
  /** Options as they stand there, unchecked. */
  readonly options: Readonly<Record<string, unknown>>;
}

const bare = /^rpc:(?:\/\/)?\/?$/i;

/**
 * The servers that a URL means, in the order in which they are tried: that of `rpc://host/vhost` and `amqps://host`, or, for `rpc://`, those of the app's
 * broker, as Celery reads it.
 * @throws CONFIGURATION_INVALID
 */
export function placesOf(url: string, broker: readonly BrokerLocation[] = []): readonly [RpcPlace, ...RpcPlace[]] {
  const { base, options: query } = queryOptions(url, optionNames);
  if (!bare.test(base)) return [{ base: base.replace(/^rpc:/i, "amqp:"), options: query }];
  const [first, ...others] = broker.filter((each) => /^amqps?:/i.test(each.url)).map((each) => placeOf(each, query));
  if (first !== undefined) return [first, ...others];
  const which = broker.map((each) => maskUrl(each.url)).join(", ");
  throw new ConfigurationError(
    `"rpc://" means the app's broker, and that is ${which === "" ? "not known by a URL" : `no RabbitMQ but ${which}`}: ` +
      `name a RabbitMQ, as in "rpc://user:password@host:5672/vhost".`,
  );
}

/** Of the broker's options only how it is reached; the others are the transport's. */
function placeOf({ url, ...beside }: BrokerLocation, own: Readonly<Record<string, unknown>>): RpcPlace {
  const [base = url, query = ""] = url.split("?", 2);
  const all = { ...Object.fromEntries(new URLSearchParams(query)), ...beside };
  const names: readonly string[] = [...amqpOptionNames, "tls"];
  const reach = Object.fromEntries(Object.entries(all).filter(([name]) => names.includes(name)));
  return { base, options: { ...reach, ...own } };
}
