import { amqpTarget } from "@lovage/client-amqp";
import { OptionError, silentLog, systemClock, validate, type DriverContext, queryOptions } from "@lovage/foundation";
import type { Connection, TransportDriver, TransportOpening } from "@lovage/transport";

import { AmqpConnection } from "./connection.ts";
import { optionNames, transportOptions, type AmqpTransportOptions, type ParsedTransportOptions } from "./options.ts";

/** The driver for `amqp:` and `amqps:` URLs; what the runtime finds by the scheme. */
export const transport: TransportDriver<ParsedTransportOptions> = {
  schemes: ["amqp", "amqps"],
  options: transportOptions,
  async open(opening: TransportOpening<ParsedTransportOptions>): Promise<Connection> {
    const { base, options: query } = queryOptions(opening.url, optionNames);
    // What stands beside the URL is nearer to the user than what is in it.
    const options = { ...(await parseOptions(query)), ...opening.options };
    const { clock, log, name, onState = () => {} } = opening;
    return await AmqpConnection.open({ target: amqpTarget(base, options), options, clock, log, name, onState });
  },
};

/** What {@link amqpTransport} opens. */
export interface AmqpTransportOpening
  extends AmqpTransportOptions, Partial<DriverContext>, Pick<TransportOpening<unknown>, "onState"> {
  /** Such as `amqp://user:password@localhost:5672/vhost`. */
  readonly url: string;
}

/**
 * Opens the RabbitMQ transport without an app, or for `createApp({ broker })`, which then leaves it open.
 * @throws TRANSPORT_UNAVAILABLE, TRANSPORT_REJECTED, CONFIGURATION_INVALID, OPTION_INVALID
 */
export async function amqpTransport(opening: AmqpTransportOpening): Promise<Connection> {
  const { url, clock = systemClock, log = silentLog, name = "lovage", onState, ...rest } = opening;
  const options = await parseOptions(rest);
  return await transport.open({ url, clock, log, name, options, ...(onState === undefined ? {} : { onState }) });
}

async function parseOptions(given: object): Promise<ParsedTransportOptions> {
  const checked = await validate(transportOptions, given);
  if (checked.issues === undefined) return checked.value;
  throw new OptionError(`The options of the RabbitMQ transport cannot be used: ${checked.issues.join("; ")}.`, {
    field: "options",
  });
}
