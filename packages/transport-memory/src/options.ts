import { leaseOptions } from "@lovage/lease-engine";
import type { LeaseOptions, ParsedLeaseOptions } from "@lovage/lease-engine";
import { z } from "zod";

/** Options of the memory transport, beside the URL. */
export type MemoryOptions = LeaseOptions;

/** {@link MemoryOptions} with durations in ms. */
export type ParsedMemoryOptions = ParsedLeaseOptions;

/** Checks {@link MemoryOptions}; an unknown one is refused. */
export const memoryOptions: z.ZodType<ParsedMemoryOptions, MemoryOptions> = z.strictObject({ ...leaseOptions });

/** Names that may stand in the query of a URL. */
export const memoryOptionNames: readonly string[] = Object.keys(leaseOptions);
