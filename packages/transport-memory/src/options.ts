import { leaseOptions } from "@lovage/lease-engine";
import type { LeaseOptions, ParsedLeaseOptions } from "@lovage/lease-engine";
import { optionsSchema, type OptionsSchema } from "@lovage/foundation";

/** Options of the memory transport, beside the URL. */
export type MemoryOptions = LeaseOptions;

/** {@link MemoryOptions} with durations in ms. */
export type ParsedMemoryOptions = ParsedLeaseOptions;

/** Checks {@link MemoryOptions}; an unknown one is refused. */
export const memoryOptions: OptionsSchema<MemoryOptions, ParsedMemoryOptions> = optionsSchema<
  MemoryOptions,
  ParsedMemoryOptions
>(leaseOptions);

/** Names that may stand in the query of a URL. */
export const memoryOptionNames: readonly string[] = Object.keys(leaseOptions);
