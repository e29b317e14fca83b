import { checkOptions, faultLog, systemClock, type DriverContext } from "@lovage/foundation";

import type { Connection } from "./connection.ts";
import type { TransportDriver, TransportOpening } from "./transport-driver.ts";

/** What a transport is opened with where there is no app, beside its options. */
export interface TransportWithoutApp extends Partial<DriverContext>, Pick<TransportOpening<unknown>, "onState"> {
  readonly url: string;
}

/**
 * Opens a driver's transport as an app would, for the driver's own function, such as `redisTransport`. What an app would give has a default: the machine's
 * clock, the name `lovage`, a log that writes what somebody must know of.
 * @param opening With the driver's options among its fields.
 * @param whose Whose options they are, for errors, such as `the Redis transport`.
 * @throws what the driver throws, OPTION_INVALID
 */
export async function openWithoutApp<Options>(
  driver: TransportDriver<Options>,
  opening: TransportWithoutApp,
  whose: string,
): Promise<Connection> {
  const { url, clock = systemClock, name = "lovage", log = faultLog(name, clock), onState, ...given } = opening;
  const options = await checkOptions(driver.options, given, whose);
  return await driver.open({ url, clock, log, name, options, ...(onState === undefined ? {} : { onState }) });
}
