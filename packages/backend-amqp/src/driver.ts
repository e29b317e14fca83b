import type { Backend, BackendDriver, BackendOpening } from "@lovage/backend";
import { amqpTarget } from "@lovage/client-amqp";
import { checkOptions, faultLog, isLovageError, systemClock, type DriverContext } from "@lovage/foundation";

import { rpcOptions, type ParsedRpcOptions, type RpcBackendOptions } from "./options.ts";
import { RpcBackend } from "./rpc-backend.ts";
import { placesOf } from "./rpc-url.ts";

/** The driver for `rpc:` URLs; `amqp:` and `amqps:` mean the same, with the server named. */
export const backend: BackendDriver<ParsedRpcOptions> = Object.freeze<BackendDriver<ParsedRpcOptions>>({
  schemes: ["rpc", "amqp", "amqps"],
  options: rpcOptions,
  open: openFirst,
});

/** What {@link rpcBackend} opens. */
export interface RpcBackendSettings extends RpcBackendOptions, Partial<DriverContext> {
  /** Such as `rpc://user:password@localhost:5672/vhost`, or `amqps://…` with TLS. */
  readonly url: string;
}

/**
 * Opens the rpc backend without an app, or for `createApp({ backend })`, which then leaves it open.
 * @throws BACKEND_UNAVAILABLE, CONFIGURATION_INVALID, OPTION_INVALID, AMQP_FAILED for a server that refuses
 */
export async function rpcBackend(settings: RpcBackendSettings): Promise<Backend> {
  const { url, clock = systemClock, name = "lovage", log = faultLog(name, clock), ...rest } = settings;
  return await backend.open({ url, clock, log, name, options: await parseOptions(rest) });
}

/** The first server that answers, as it is with brokers. */
async function openFirst(opening: BackendOpening<ParsedRpcOptions>): Promise<Backend> {
  const { url, broker, clock, log, name } = opening;
  let last: unknown;
  for (const place of placesOf(url, broker)) {
    // What stands beside the URL is nearer to the user than what is in it.
    const options = { ...(await parseOptions(place.options)), ...opening.options };
    try {
      return await RpcBackend.open({ target: amqpTarget(place.base, options), options, clock, log, name });
    } catch (error) {
      if (!isLovageError(error) || !error.retryable) throw error;
      last = error;
    }
  }
  throw last;
}

function parseOptions(given: object): Promise<ParsedRpcOptions> {
  return checkOptions(rpcOptions, given, "the rpc backend");
}
