import process from "node:process";

import { readDriverUrl, type DriverContext } from "@lovage/foundation";
import { openLeaseConnection } from "@lovage/lease-engine";
import { openWithoutApp, type Connection, type TransportDriver, type TransportOpening } from "@lovage/transport";

import { optionNames, sqsTransportOptions, type ParsedSqsOptions, type SqsTransportOptions } from "./options.ts";
import { ownRegion } from "./own-endpoint.ts";
import { sqsSettings } from "./sqs-settings.ts";
import { parseSqsUrl } from "./sqs-url.ts";
import { SqsStore } from "./store.ts";

const urlForm = { schema: sqsTransportOptions, names: optionNames, whose: "the SQS transport" } as const;

/** The driver for `sqs:` URLs; what the runtime finds by the scheme. */
export const transport: TransportDriver<ParsedSqsOptions> = {
  schemes: ["sqs"],
  options: sqsTransportOptions,
  async open(opening: TransportOpening<ParsedSqsOptions>): Promise<Connection> {
    const { base, options: given } = await readDriverUrl(opening, urlForm);
    const options = { ...parseSqsUrl(base), ...given };
    const { region, endpoint, credentials, prefix = "", queues = {}, claimCheck } = options;
    const maxMessageBytes = options.maxMessageBytes ?? claimCheck?.maxBytes;
    const settings = sqsSettings({ ...options, maxMessageBytes });
    const store = new SqsStore({
      target: { region, endpoint, credentials },
      prefix,
      queues,
      claimCheck,
      creates: options.createQueues ?? (isElsewhere(endpoint) || isDevelopment()),
      clock: opening.clock,
      log: opening.log,
      settings,
    });
    return openLeaseConnection({ store, opening, settings });
  },
};

/** What {@link sqsTransport} opens. */
export interface SqsTransportOpening
  extends SqsTransportOptions, Partial<DriverContext>, Pick<TransportOpening<unknown>, "onState"> {
  /** Such as `sqs:`, with the region and the credentials of the environment. */
  readonly url: string;
}

/**
 * Opens the SQS transport without an app, or for `createApp({ broker })`, which then leaves it open.
 * @throws TRANSPORT_UNAVAILABLE, TRANSPORT_REJECTED, CONFIGURATION_INVALID, OPTION_INVALID
 */
export async function sqsTransport(opening: SqsTransportOpening): Promise<Connection> {
  return await openWithoutApp(transport, opening, urlForm.whose);
}

function isElsewhere(endpoint: string | undefined): boolean {
  return endpoint !== undefined && ownRegion(endpoint) === undefined;
}

/** Nobody wants a misspelt name to become a queue in production. */
function isDevelopment(): boolean {
  return ["development", "test"].includes(process.env["NODE_ENV"] ?? "");
}
