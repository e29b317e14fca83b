import { OptionError, quoteValue, schemeOf } from "@lovage/foundation";
import type { DriverLocation } from "../app-options.ts";

/** Where a driver's store is: locations to try in order, or what the user has opened. */
export type Source<Opened> =
  | { readonly locations: readonly [DriverLocation, ...DriverLocation[]] }
  | { readonly opened: Opened };

/**
 * Reads the forms in which a broker or a backend may be given.
 * @param methods Methods by which something opened is known.
 * @throws OPTION_INVALID, CONFIGURATION_INVALID
 */
export function readSource<Opened>(value: unknown, field: string, methods: readonly string[]): Source<Opened> {
  if (hasMethods(value, methods)) return { opened: value as Opened };
  const [first, ...others] = (Array.isArray(value) ? value : [value]).map((item) => readLocation(item, field));
  if (first === undefined) throw notASource(value, field);
  return { locations: [first, ...others] };
}

function readLocation(value: unknown, field: string): DriverLocation {
  const location: unknown = typeof value === "string" ? { url: value } : value;
  if (typeof location !== "object" || location === null) throw notASource(value, field);
  const { url } = location as { readonly url?: unknown };
  if (typeof url !== "string") throw notASource(value, field);
  schemeOf(url);
  return location as DriverLocation;
}

function hasMethods(value: unknown, methods: readonly string[]): boolean {
  if (typeof value !== "object" || value === null) return false;
  return methods.every((method) => typeof Reflect.get(value, method) === "function");
}

function notASource(value: unknown, field: string): OptionError {
  return new OptionError(
    `${field} must be a URL, { url, ...options }, an array of these, or what a driver has opened; it is ${quoteValue(value)}.`,
    { field },
  );
}
