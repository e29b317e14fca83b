import { postgresOptionNames, postgresOptions, postgresTarget } from "@lovage/client-postgres";
import type { PostgresOptions, PostgresTarget } from "@lovage/client-postgres";
import {
  durationOption,
  flagOption,
  OptionError,
  optionsSchema,
  validateOptions,
  wholeNumberOption,
  type Duration,
  queryOptions,
} from "@lovage/foundation";

/** How an outbox works, beside its URL. What is plain text may stand in the URL's query. */
export interface OutboxOptions extends PostgresOptions {
  /** Schema that holds the tables. One schema serves one broker: what is in it is published by any relay on it. @default "lovage_outbox" */
  readonly schema?: string | undefined;
  /** Whether this program publishes what was committed, its own and that of others. One of them does so at a time. @default true */
  readonly relay?: boolean | undefined;
  /** How long a relay that has died keeps others from going on, 1 s to 10 min. @default "6s" */
  readonly lead?: Duration | undefined;
  /** Most messages that are published at once, 1 to 1 000. @default 500 */
  readonly batch?: number | undefined;
  /** How long is remembered what was received, so that second copies are dropped; 1 min or more. @default "7d" */
  readonly inboxRetention?: Duration | undefined;
  /** How long a call is kept that the broker would not take, 1 min or more. @default "14d" */
  readonly failedRetention?: Duration | undefined;
}

/** {@link OutboxOptions}, checked: durations in ms. */
interface ParsedOutboxOptions extends PostgresOptions {
  readonly relay?: boolean | undefined;
  readonly lead?: number | undefined;
  readonly batch?: number | undefined;
  readonly inboxRetention?: number | undefined;
  readonly failedRetention?: number | undefined;
}

/** {@link OutboxOptions} in plain numbers, defaults filled in. */
export interface OutboxSettings {
  readonly target: PostgresTarget;
  readonly relays: boolean;
  readonly leadMs: number;
  readonly batch: number;
  readonly inboxRetentionMs: number;
  readonly failedRetentionMs: number;
}

const minuteMs = 60_000;
const dayMs = 86_400_000;
const kept = { min: minuteMs, max: 3_650 * dayMs } as const;

const ownOptions = {
  relay: flagOption,
  lead: durationOption("lead", { min: 1_000, max: 10 * minuteMs }),
  batch: wholeNumberOption({ min: 1, max: 1_000 }),
  inboxRetention: durationOption("inboxRetention", kept),
  failedRetention: durationOption("failedRetention", kept),
} as const;

const schema = optionsSchema<OutboxOptions, ParsedOutboxOptions>({ ...postgresOptions, ...ownOptions });

/** What a URL and the options beside it say together. @throws OPTION_INVALID, CONFIGURATION_INVALID */
export function outboxSettings(url: string, given: OutboxOptions): OutboxSettings {
  const { base, options: query } = queryOptions(url, [...postgresOptionNames, ...Object.keys(ownOptions)]);
  // What stands beside the URL is nearer to the user than what is in it.
  const checked = validateOptions(schema, { ...query, ...given });
  if (checked.issues !== undefined) {
    const text = `The options of the outbox cannot be used: ${checked.issues.join("; ")}.`;
    throw new OptionError(text, { field: "options" });
  }
  const { relay = true, lead = 6_000, batch = 500, inboxRetention, failedRetention, ...rest } = checked.value;
  return {
    target: postgresTarget(base, { ...rest, schema: rest.schema ?? "lovage_outbox" }),
    relays: relay,
    batch,
    leadMs: lead,
    inboxRetentionMs: inboxRetention ?? 7 * dayMs,
    failedRetentionMs: failedRetention ?? 14 * dayMs,
  };
}
