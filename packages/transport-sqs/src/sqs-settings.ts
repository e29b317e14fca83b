import { leaseSettings, type LeaseSettings, type ParsedLeaseOptions } from "@lovage/lease-engine";

/**
 * The settings behind a user's options. What waits here under a lease is kept hidden by sweeps, once a third of the lease has gone: three of them fit into one.
 * @throws OPTION_INVALID as `leaseSettings`
 */
export function sqsSettings(options: ParsedLeaseOptions): LeaseSettings {
  const settings = leaseSettings(options);
  return { ...settings, sweepMs: Math.min(settings.sweepMs, settings.leaseMs / 3) };
}
