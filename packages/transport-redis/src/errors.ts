import { isRedisError, type RedisErrorKind } from "@lovage/client-redis";
import { translateErrors } from "@lovage/foundation";
import {
  PublishUncertainError,
  StorageFullError,
  TransportBusyError,
  TransportRejectedError,
  TransportUnavailableError,
} from "@lovage/transport";

type Convert = (message: string, options: { readonly cause: unknown }) => Error;

const doubt: Convert = (message, options) => new PublishUncertainError(message, options);
const reject: Convert = (message, options) => new TransportRejectedError(message, options);

const conversions: Readonly<Record<RedisErrorKind, Convert>> = {
  unavailable: (message, options) => new TransportUnavailableError(message, options),
  moving: (message, options) => new TransportBusyError(message, options),
  away: (message, options) => new TransportBusyError(message, options),
  broken: (message, options) => new TransportUnavailableError(message, options),
  unreplicated: doubt,
  full: reject,
  disk: (message, options) => new StorageFullError(message, options),
  denied: reject,
  other: reject,
};

/** An error of the client as the contract has it, by its kind; others pass unchanged. */
function toTransportError(error: unknown): unknown {
  return isRedisError(error) ? conversions[error.kind](error.message, { cause: error }) : error;
}

/** What `work` gives, its errors as the contract has them. */
export function asTransport<T>(work: () => T | Promise<T>): Promise<T> {
  return translateErrors(work, toTransportError);
}

/** As the contract has an error of what must not be done twice: a connection that broke meanwhile leaves it open whether it was done. */
export function toPublishError(error: unknown): unknown {
  return isRedisError(error) && error.kind === "broken"
    ? doubt(error.message, { cause: error })
    : toTransportError(error);
}
