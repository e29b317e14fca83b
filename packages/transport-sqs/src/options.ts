import type { SQSClientConfig } from "@aws-sdk/client-sqs";
import { leaseOptions, type LeaseOptions, type ParsedLeaseOptions } from "@lovage/lease-engine";
import { flagOption, optionsSchema, textOption, type OptionsSchema } from "@lovage/foundation";
import type { ClaimCheck } from "@lovage/transport";
import { custom, optional, pipe, record, regex, string } from "valibot";

/** Credentials as the AWS SDK takes them: a fixed pair, or a provider. */
export type SqsCredentials = NonNullable<SQSClientConfig["credentials"]>;

interface OwnOptions {
  /** Region of AWS. @default that of an endpoint of AWS; "us-east-1" with another; else what the SDK finds in the environment */
  readonly region?: string | undefined;
  /** Where another than AWS's own is, such as `http://localhost:4566`, or one of AWS in a VPC. @default the host in the URL, or AWS */
  readonly endpoint?: string | undefined;
  /** Beginning of the names of all queues in SQS. @default "" */
  readonly prefix?: string | undefined;
  /** Queues that exist already, by their names here: their URLs. Nothing is created or looked up for them. */
  readonly queues?: Readonly<Record<string, string>> | undefined;
  /** @default the SDK's own chain: environment, shared files, web identity, container, instance */
  readonly credentials?: SqsCredentials | undefined;
  /** Keeps bodies that are too large for SQS, such as `s3ClaimCheck` of `@lovage/claim-check-s3`. @default those are refused */
  readonly claimCheck?: ClaimCheck | undefined;
  /** Create queues that do not exist. @default with an endpoint that is not AWS's, or where NODE_ENV is "development" or "test" */
  readonly createQueues?: boolean | undefined;
}

/** Options of the SQS transport, beside the URL; most may stand in its query. */
export interface SqsTransportOptions extends LeaseOptions, OwnOptions {}

/** {@link SqsTransportOptions}, checked: durations in ms. */
export interface ParsedSqsOptions extends ParsedLeaseOptions, OwnOptions {}

/** Where another than AWS's own is, as the SDK takes it. */
const webAddress = pipe(string("must be a URL"), regex(/^https?:\/\/[^/\s]+\S*$/, "must be a URL of http or https"));

function isClaimCheck(value: unknown): boolean {
  const { maxBytes, put, get, delete: remove } = (value ?? {}) as Partial<ClaimCheck>;
  return Number.isSafeInteger(maxBytes) && [put, get, remove].every((each) => typeof each === "function");
}

/** Checks the options; refuses unknown ones. Texts, as they come from a URL's query, are read too. */
export const sqsTransportOptions: OptionsSchema<SqsTransportOptions, ParsedSqsOptions> = optionsSchema<
  SqsTransportOptions,
  ParsedSqsOptions
>({
  ...leaseOptions,
  region: textOption(/^[a-z0-9-]{1,64}$/, "a region's name, such as eu-central-1"),
  endpoint: optional(webAddress),
  prefix: textOption(/^[\w-]{0,60}$/, "at most 60 letters, digits, hyphens and underscores"),
  queues: optional(record(string(), webAddress)),
  credentials: optional(custom<SqsCredentials>(isCredentials, "must be an object or a function")),
  claimCheck: optional(custom<ClaimCheck>(isClaimCheck, "must have maxBytes, put, get and delete")),
  createQueues: flagOption,
});

/** Names that may stand in the query of a URL. */
export const optionNames: readonly string[] = [
  ...Object.keys(leaseOptions),
  "region",
  "endpoint",
  "prefix",
  "createQueues",
];

function isCredentials(value: unknown): boolean {
  return typeof value === "function" || (typeof value === "object" && value !== null);
}
