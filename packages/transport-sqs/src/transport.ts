import process from "node:process";

import { OptionError, silentLog, systemClock, validate, type DriverContext, queryOptions } from "@lovage/foundation";
import { leaseSettings, openLeaseConnection } from "@lovage/lease-engine";
import type { Connection, TransportDriver, TransportOpening } from "@lovage/transport";

import { optionNames, sqsTransportOptions, type ParsedSqsOptions, type SqsTransportOptions } from "./options.ts";
import { parseSqsUrl } from "./sqs-url.ts";
import { SqsStore } from "./store.ts";

/** The driver for `sqs:` URLs; what the runtime finds by the scheme. */
export const transport: TransportDriver<ParsedSqsOptions> = {
  schemes: ["sqs"],
  options: sqsTransportOptions,
  async open(opening: TransportOpening<ParsedSqsOptions>): Promise<Connection> {
    const { base, options: query } = queryOptions(opening.url, optionNames);
    // What stands beside the URL is nearer to the user than what is in it.
    const options = { ...parseSqsUrl(base), ...(await parseOptions(query)), ...opening.options };
    const { region, endpoint, credentials, prefix = "", queues = {}, claimCheck } = options;
    const maxMessageBytes = options.maxMessageBytes ?? claimCheck?.maxBytes;
    const settings = leaseSettings({ ...options, maxMessageBytes });
    const store = new SqsStore({
      target: { region, endpoint, credentials },
      prefix,
      queues,
      claimCheck,
      creates: options.createQueues ?? (endpoint !== undefined || isDevelopment()),
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
  const { url, clock = systemClock, log = silentLog, name = "lovage", onState, ...rest } = opening;
  const options = await parseOptions(rest);
  return transport.open({ url, clock, log, name, options, ...(onState === undefined ? {} : { onState }) });
}

async function parseOptions(given: object): Promise<ParsedSqsOptions> {
  const checked = await validate(sqsTransportOptions, given);
  if (checked.issues === undefined) return checked.value;
  throw new OptionError(`The options of the SQS transport cannot be used: ${checked.issues.join("; ")}.`, {
    field: "options",
  });
}

/** Nobody wants a misspelt name to become a queue in production. */
function isDevelopment(): boolean {
  return ["development", "test"].includes(process.env["NODE_ENV"] ?? "");
}
