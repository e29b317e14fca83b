import { amqpTarget } from "@lovage/client-amqp";
import { readDriverUrl, type DriverContext } from "@lovage/foundation";
import { openWithoutApp, type Connection, type TransportDriver, type TransportOpening } from "@lovage/transport";

import { AmqpConnection } from "./connection.ts";
import { optionNames, transportOptions, type AmqpTransportOptions, type ParsedTransportOptions } from "./options.ts";

const urlForm = { schema: transportOptions, names: optionNames, whose: "the RabbitMQ transport" } as const;

/** The driver for `amqp:` and `amqps:` URLs; what the runtime finds by the scheme. */
export const transport: TransportDriver<ParsedTransportOptions> = {
  schemes: ["amqp", "amqps"],
  options: transportOptions,
  async open(opening: TransportOpening<ParsedTransportOptions>): Promise<Connection> {
    const { base, options } = await readDriverUrl(opening, urlForm);
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
  return await openWithoutApp(transport, opening, urlForm.whose);
}
