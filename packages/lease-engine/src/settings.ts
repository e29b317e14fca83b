import type { Duration } from "@lovage/foundation";
import { formatDuration, isLovageError, OptionError, parseDuration } from "@lovage/foundation";
import { z } from "zod";

/** How a lease engine works, in plain numbers. */
export interface LeaseSettings {
  /** How long a message belongs to its consumer without a sign of life, in ms. */
  readonly leaseMs: number;
  /** How old a lease grows before it is renewed, in ms. */
  readonly renewEveryMs: number;
  /** How often messages of dead consumers are looked for, in ms. */
  readonly sweepMs: number;
  /** Largest message, headers and body together, in bytes. */
  readonly maxMessageBytes: number;
}

/** The options that every pull driver has, as a user writes them. */
export interface LeaseOptions {
  /** How long a message belongs to its consumer without a sign of life. @default "30s" */
  readonly lease?: Duration | undefined;
  /** How often leases are renewed; at most half a lease. @default a third of the lease */
  readonly renewal?: Duration | undefined;
  /** How often messages of dead consumers are looked for. @default "5s" */
  readonly sweep?: Duration | undefined;
  /** Largest message, headers and body together, in bytes. @default 262_144 */
  readonly maxMessageBytes?: number | undefined;
}

/** {@link LeaseOptions} as a driver's schema gives them out: durations in ms. */
export interface ParsedLeaseOptions {
  /** In ms. */
  readonly lease?: number | undefined;
  /** In ms. */
  readonly renewal?: number | undefined;
  /** In ms. */
  readonly sweep?: number | undefined;
  /** In bytes. */
  readonly maxMessageBytes?: number | undefined;
}

type DurationSchema = z.ZodType<number | undefined, Duration | undefined>;

/** The fields of {@link LeaseOptions} as zod schemas, to be spread into a driver's own object schema. */
export interface LeaseOptionsShape {
  readonly lease: DurationSchema;
  readonly renewal: DurationSchema;
  readonly sweep: DurationSchema;
  readonly maxMessageBytes: z.ZodType<number | undefined, number | undefined>;
}

const dayMs = 86_400_000;

/** What a driver spreads into its schema: `z.strictObject({ ...leaseOptions, mine: … })`. Text from a URL is accepted as well. */
export const leaseOptions: LeaseOptionsShape = Object.freeze<LeaseOptionsShape>({
  lease: duration("lease", 100),
  renewal: duration("renewal", 10),
  sweep: duration("sweep", 10),
  maxMessageBytes: z
    .preprocess(
      (value) => (typeof value === "string" && /^\d{1,15}$/.test(value) ? Number(value) : value),
      z.int().min(1_024),
    )
    .optional() as LeaseOptionsShape["maxMessageBytes"],
});

function duration(field: string, min: number): DurationSchema {
  return z
    .custom<Duration>()
    .transform((value, context) => {
      try {
        return parseDuration(value, { field, min, max: dayMs });
      } catch (error) {
        context.addIssue(isLovageError(error) ? error.message : String(error));
        return z.NEVER;
      }
    })
    .optional();
}

/**
 * The settings behind a user's options, defaults filled in.
 * @throws OPTION_INVALID when the renewal leaves no room for a second try within one lease.
 */
export function leaseSettings(options: ParsedLeaseOptions = {}): LeaseSettings {
  const { lease: leaseMs = 30_000, sweep: sweepMs = 5_000, maxMessageBytes = 262_144 } = options;
  const renewEveryMs = options.renewal ?? Math.floor(leaseMs / 3);
  if (renewEveryMs <= leaseMs / 2) return { leaseMs, renewEveryMs, sweepMs, maxMessageBytes };
  throw new OptionError(
    `renewal must be at most half of the lease (${formatDuration(leaseMs)}), so that one failed renewal loses nothing; it is ${formatDuration(renewEveryMs)}.`,
    { field: "renewal" },
  );
}
