import { formatDuration, OptionError } from "@lovage/foundation";
import { leaseSettings, type LeaseSettings, type ParsedLeaseOptions } from "@lovage/lease-engine";

import { maxLeaseMs } from "./leases/extend.ts";

/**
 * The settings behind a user's options. What waits here under a lease is kept hidden by sweeps, once a third of the lease has gone: three of them fit into one.
 * @throws OPTION_INVALID as `leaseSettings`, and for a lease that SQS cannot give
 */
export function sqsSettings(options: ParsedLeaseOptions): LeaseSettings {
  const settings = leaseSettings(options);
  if (settings.leaseMs > maxLeaseMs) {
    const longest = formatDuration(maxLeaseMs);
    throw new OptionError(
      `lease must be at most ${longest} on SQS, which hides a message for twice that in all; it is ${formatDuration(settings.leaseMs)}.`,
      { field: "lease" },
    );
  }
  return { ...settings, sweepMs: Math.min(settings.sweepMs, settings.leaseMs / 3) };
}
