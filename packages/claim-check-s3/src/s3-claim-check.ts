import { DeleteObjectCommand, GetObjectCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import type { S3ClientConfig } from "@aws-sdk/client-s3";
import { maskSecrets, OptionError, systemClock, type Clock } from "@lovage/foundation";
import { ClaimCheckUnavailableError, TransportRejectedError, type ClaimCheck } from "@lovage/transport";

import { ownRegion } from "./own-endpoint.ts";

/** Where bodies are kept. */
export interface S3ClaimCheckOptions {
  /** A bucket that exists. Give it a lifecycle rule for what crashes leave behind. */
  readonly bucket: string;
  /** Beginning of all keys, such as `lovage/`. @default "" */
  readonly prefix?: string;
  /** Largest body, in bytes. @default 67_108_864, 64 MiB */
  readonly maxBytes?: number;
  /** How long one call may take, in ms, all its tries together. @default 20_000 */
  readonly timeoutMs?: number;
  /** Region of AWS. @default that of an endpoint of AWS; "us-east-1" with another; else what the SDK finds in the environment */
  readonly region?: string;
  /** Where another than AWS's own is, such as `http://localhost:9000`, or one of AWS in a VPC. @default AWS */
  readonly endpoint?: string;
  /** @default the SDK's own chain */
  readonly credentials?: NonNullable<S3ClientConfig["credentials"]>;
  /** @default the system's */
  readonly clock?: Clock;
}

/** A claim check that holds connections. */
export interface S3ClaimCheck extends ClaimCheck {
  /** Lets go of the connections. Idempotent. Those left open do not keep the process alive. */
  close(): void;
}

const defaultMaxBytes = 67_108_864;
/** What S3 takes in one call: https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html */
const mostBytes = 5 * 1024 ** 3;
const defaultTimeoutMs = 20_000;
/** What passes though S3 answers with 400: https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html */
const passing = /Throttl|^RequestTimeout/;
/** They could not be fetched, or have expired, or are not known everywhere yet. */
const withoutCredentials = /Credentials|ProviderError|^(ExpiredToken|InvalidAccessKeyId|InvalidToken)/;

/** Keeps bodies as objects of a bucket. @throws OPTION_INVALID */
export function s3ClaimCheck(options: S3ClaimCheckOptions): S3ClaimCheck {
  const { bucket: Bucket, prefix = "", maxBytes = defaultMaxBytes } = options;
  checkOptions(options);
  const client = new S3Client(configOf(options));
  const call = callerOf(options);
  return {
    maxBytes,
    put: async (key, body) => {
      const command = new PutObjectCommand({ Bucket, Key: prefix + key, Body: body, ContentLength: body.byteLength });
      await call(`keep ${body.byteLength} bytes`, (abortSignal) => client.send(command, { abortSignal }));
    },
    get: (key) =>
      call("fetch a body", async (signal) => {
        const command = new GetObjectCommand({ Bucket, Key: prefix + key });
        const unwanted = new AbortController();
        const abortSignal = AbortSignal.any([signal, unwanted.signal]);
        const { Body, ContentLength = 0 } = await client.send(command, { abortSignal });
        const bytes = Body?.transformToByteArray();
        if (ContentLength <= maxBytes) return await bytes;
        // Left unread it would hold its connection, of which there are 50; and only to its reader does it tell that it was ended.
        unwanted.abort();
        await bytes?.catch(() => {});
        throw new TransportRejectedError(
          `The body ${key} in S3 has ${ContentLength} bytes; at most ${maxBytes} are fetched.`,
        );
      }).catch(missingAsUndefined),
    delete: async (key) => {
      const command = new DeleteObjectCommand({ Bucket, Key: prefix + key });
      await call("delete a body", (abortSignal) => client.send(command, { abortSignal }));
    },
    close: () => client.destroy(),
  };
}

type Call = <T>(what: string, send: (signal: AbortSignal) => Promise<T>) => Promise<T>;

/** Gives each call a deadline, and its failures the contract's form. */
function callerOf({ bucket, clock = systemClock, timeoutMs = defaultTimeoutMs }: S3ClaimCheckOptions): Call {
  // Who has had no credentials yet may never have any.
  let hadCredentials = false;
  return async (what, send) => {
    const deadline = clock.deadline(timeoutMs);
    try {
      const done = await send(deadline.signal);
      hadCredentials = true;
      return done;
    } catch (error) {
      if (isMissing(error) || error instanceof TransportRejectedError) throw error;
      throw describe(`S3 could not ${what} in bucket "${bucket}"`, error, hadCredentials);
    } finally {
      deadline.cancel();
    }
  };
}

function describe(what: string, cause: unknown, hadCredentials: boolean): Error {
  const error = cause as S3Failure;
  const text = `${what}: ${error.name}: ${maskSecrets(error.message)}.`;
  if (withoutCredentials.test(error.name) ? hadCredentials : mayPass(error))
    return new ClaimCheckUnavailableError(`${text} The same call may succeed later.`, { cause });
  return new TransportRejectedError(`${text} Check the bucket, the region, the credentials and the permissions.`, {
    cause,
  });
}

type S3Failure = Error & { readonly $metadata?: { readonly httpStatusCode?: number } };

function mayPass({ name, message, $metadata = {} }: S3Failure): boolean {
  // Without an answer nobody was reached, unless nothing was sent, nor will be before somebody mends it.
  const { httpStatusCode: status = message === "Region is missing" ? 400 : 500 } = $metadata;
  return status >= 500 || status === 429 || passing.test(name);
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && error.name === "NoSuchKey";
}

function missingAsUndefined(error: unknown): undefined {
  if (isMissing(error)) return undefined;
  throw error;
}

function checkOptions({ bucket, maxBytes = 1, timeoutMs = 1 }: S3ClaimCheckOptions): void {
  if (bucket === "") throw new OptionError("A claim check in S3 needs the name of a bucket.", { field: "bucket" });
  if (!Number.isSafeInteger(maxBytes) || maxBytes < 1 || maxBytes > mostBytes) {
    throw new OptionError(`maxBytes must be from 1 to ${mostBytes}, got ${maxBytes}.`, { field: "maxBytes" });
  }
  if (!(timeoutMs > 0)) throw new OptionError(`timeoutMs must be above 0, got ${timeoutMs}.`, { field: "timeoutMs" });
}

function configOf({ region, endpoint, credentials }: S3ClaimCheckOptions): S3ClientConfig {
  // Others than AWS have no host for each bucket.
  const home =
    endpoint === undefined ? {} : { endpoint, region: ownRegion(endpoint) ?? "us-east-1", forcePathStyle: true };
  return {
    ...home,
    ...(region === undefined ? {} : { region }),
    ...(credentials === undefined ? {} : { credentials }),
  };
}
