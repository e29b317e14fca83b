import type { Backend, BackendDriver, BackendOpening } from "@lovage/backend";
import { BackendUnavailableError } from "@lovage/backend";
import { ConfigurationError, isLovageError, maskUrl, resolveDriver, validate } from "@lovage/foundation";
import type { DriverContext, DriverKind, DriverModule, OpenSchema } from "@lovage/foundation";
import type { Connection, TransportDriver, TransportOpening } from "@lovage/transport";
import { TransportUnavailableError } from "@lovage/transport";
import type { DriverLocation } from "./app-options.ts";
import type { Source } from "./configuration/source.ts";

/** What is common to everything an app opens. */
export interface OpeningOptions extends DriverContext {
  /** Where driver packages are looked for, in order. */
  readonly from: readonly string[];
}

/** Opens the broker. @throws TRANSPORT_UNAVAILABLE, CONFIGURATION_INVALID, DRIVER_NOT_FOUND, DRIVER_LOAD_FAILED */
export function openTransport(
  source: Source<Connection>,
  options: OpeningOptions & Pick<TransportOpening<unknown>, "renewal" | "onState">,
): Promise<Connection> {
  return openSource(source, async (location) => {
    const driver = (await find("transport", location, options)) as TransportDriver;
    return driver.open({ ...options, ...(await checkOptions(driver, location)) });
  });
}

/** Opens a backend. @throws BACKEND_UNAVAILABLE, CONFIGURATION_INVALID, DRIVER_NOT_FOUND, DRIVER_LOAD_FAILED */
export function openBackend(
  source: Source<Backend>,
  options: OpeningOptions & Pick<BackendOpening<unknown>, "broker">,
): Promise<Backend> {
  return openSource(source, async (location) => {
    const driver = (await find("backend", location, options)) as BackendDriver;
    return driver.open({ ...options, ...(await checkOptions(driver, location)) });
  });
}

/** What leads to the tables of a store that has not been opened yet, `undefined` where it has none. @throws as {@link openTransport} and {@link openBackend} */
export function openSchema(
  kind: DriverKind,
  locations: readonly [DriverLocation, ...DriverLocation[]],
  options: OpeningOptions,
): Promise<OpenSchema | undefined> {
  return openSource({ locations }, async (location) => {
    const driver = await find(kind, location, options);
    return driver.openSchema?.({ ...options, ...(await checkOptions(driver, location)) });
  });
}

/** The first location that answers. Only an absent server is passed over: a wrong option stays wrong. */
async function openSource<Opened>(
  source: Source<Opened>,
  open: (location: DriverLocation) => Promise<Opened>,
): Promise<Opened> {
  if ("opened" in source) return source.opened;
  const errors: Error[] = [];
  for (const location of source.locations) {
    try {
      return await open(location);
    } catch (error) {
      if (!isLovageError(error) || !error.retryable) throw error;
      errors.push(error);
    }
  }
  throw allAbsent(source.locations, errors);
}

function allAbsent(locations: readonly DriverLocation[], errors: readonly Error[]): Error {
  const [only, ...others] = errors;
  if (only !== undefined && others.length === 0) return only;
  const urls = locations.map(({ url }) => maskUrl(url)).join(", ");
  const told = errors.map(({ message }) => message).join(" ");
  const cause = new AggregateError(errors);
  const isBackend = isLovageError(only) && only.code === "BACKEND_UNAVAILABLE";
  const Unavailable = isBackend ? BackendUnavailableError : TransportUnavailableError;
  return new Unavailable(`None of ${urls} can be reached. ${told}`, { cause });
}

function find(kind: DriverKind, { url }: DriverLocation, { from }: OpeningOptions): Promise<DriverModule> {
  return resolveDriver({ kind, url, from });
}

async function checkOptions(
  driver: DriverModule,
  { url, ...given }: DriverLocation,
): Promise<{ readonly url: string; readonly options: unknown }> {
  const checked = await validate(driver.options, given);
  if (checked.issues === undefined) return { url, options: checked.value };
  throw new ConfigurationError(`The options beside ${maskUrl(url)} are not valid: ${checked.issues.join("; ")}`);
}
