import type { Headers } from "@lovage/transport";

/** All headers of Lovage's own begin like this: they steer brokers and workers, and tasks do not see them. */
export const ownHeaderPrefix = "x-lovage-";

/** Names such headers among the options of a call. A symbol: no option that a user gives can be it. */
export const ownHeaders: unique symbol = Symbol("headers of Lovage's own");

/** Options of a call that Lovage itself sends. */
export interface OwnHeaders {
  readonly [ownHeaders]?: Headers | undefined;
}
