import { durationOption, formatDuration, OptionError, wholeNumberOption } from "@lovage/foundation";
import type { Duration, OptionSchema } from "@lovage/foundation";

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

/** The fields of {@link LeaseOptions}, to be spread into a driver's own. */
export interface LeaseOptionsShape {
  readonly lease: OptionSchema<number, Duration>;
  readonly renewal: OptionSchema<number, Duration>;
  readonly sweep: OptionSchema<number, Duration>;
  readonly maxMessageBytes: OptionSchema<number>;
}

const max = 86_400_000;

/** What a driver spreads into its schema: `optionsSchema({ ...leaseOptions, mine: … })`. Text from a URL is accepted as well. */
export const leaseOptions: LeaseOptionsShape = Object.freeze<LeaseOptionsShape>({
  lease: durationOption("lease", { min: 100, max }),
  renewal: durationOption("renewal", { min: 10, max }),
  sweep: durationOption("sweep", { min: 10, max }),
  maxMessageBytes: wholeNumberOption({ min: 1_024 }),
});

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
