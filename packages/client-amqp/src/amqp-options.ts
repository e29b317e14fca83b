import { ConfigurationError, durationOption, formatDuration, maskUrl, objectOption } from "@lovage/foundation";
import type { Duration, OptionSchema } from "@lovage/foundation";

import { parseAmqpUrl, type AmqpLocation } from "./amqp-url.ts";

/** How RabbitMQ is reached, beside what the URL says. */
export interface AmqpOptions {
  /**
   * How often both sides say that they are there; a whole number of seconds. A peer that is silent for two of them is gone.
   * @default "10s"
   */
  readonly heartbeat?: Duration | undefined;
  /** How long connecting to one host may take. @default "10s" */
  readonly connectTimeout?: Duration | undefined;
  /** Options of `tls.connect`, such as `ca`, `cert` and `key`, for `amqps:` URLs. The certificate is verified. */
  readonly tls?: object | undefined;
}

/** {@link AmqpOptions}, checked: durations in ms. */
export interface ParsedAmqpOptions {
  /** In ms. */
  readonly heartbeat?: number | undefined;
  /** In ms. */
  readonly connectTimeout?: number | undefined;
  readonly tls?: object | undefined;
}

/** The fields of {@link AmqpOptions}. */
export interface AmqpOptionsShape {
  readonly heartbeat: OptionSchema<number, Duration>;
  readonly connectTimeout: OptionSchema<number, Duration>;
  readonly tls: OptionSchema<object>;
}

const max = 600_000;

/** What both drivers spread into their schema. Text from a URL is accepted as well. */
export const amqpOptions: AmqpOptionsShape = Object.freeze<AmqpOptionsShape>({
  // The protocol counts whole seconds in 16 bits; 0 would turn detection off.
  heartbeat: durationOption("heartbeat", { min: 1_000, max }),
  connectTimeout: durationOption("connectTimeout", { min: 100, max }),
  tls: objectOption<object>(),
});

/** Names of {@link AmqpOptions} that may stand in the query of a URL. */
export const amqpOptionNames: readonly string[] = ["heartbeat", "connectTimeout"];

/** A broker, and how to get there. */
export interface AmqpTarget extends AmqpLocation {
  readonly heartbeatMs: number;
  readonly connectTimeoutMs: number;
  readonly tlsOptions: object;
}

/**
 * What a URL and the options beside it say together.
 * @param base The URL without its query.
 * @throws CONFIGURATION_INVALID
 */
export function amqpTarget(base: string, options: ParsedAmqpOptions): AmqpTarget {
  const { heartbeat = 10_000, connectTimeout = 10_000, tls } = options;
  if (heartbeat % 1_000 !== 0) {
    throw new ConfigurationError(`heartbeat is a whole number of seconds, not ${formatDuration(heartbeat)}.`);
  }
  const location = parseAmqpUrl(base);
  if (tls !== undefined && !location.tls) {
    throw new ConfigurationError(`The option tls is for amqps: URLs, and "${maskUrl(base)}" asks for no TLS.`);
  }
  return { ...location, heartbeatMs: heartbeat, connectTimeoutMs: connectTimeout, tlsOptions: tls ?? {} };
}
