import { OptionError } from "@lovage/foundation";

import { deathOf } from "./death.ts";
import type { Message } from "./message.ts";
import type { BrowsedMessage, BrowseOptions, MessageState } from "./queue-admin.ts";
import { isDeadLetterQueue } from "./topology.ts";

const maxLimit = 1_000;

/** What a store knows of a message that it shows. */
export interface StoredView {
  readonly message: Message;
  readonly state: MessageState;
  /** Deliveries that were lost. */
  readonly losses: number;
  /** When it becomes ready or its lease ends, where the store knows. Not for `ready`. */
  readonly dueAtMs?: number | undefined;
}

/** A message as {@link QueueAdmin.browse} shows it. */
export function browsedMessage(queue: string, { message, state, losses, dueAtMs }: StoredView): BrowsedMessage {
  const death = isDeadLetterQueue(queue) ? deathOf(message) : undefined;
  return {
    queue,
    message,
    state,
    count: losses + 1,
    ...(dueAtMs === undefined ? {} : { dueAtMs }),
    ...(death === undefined ? {} : { death }),
  };
}

/**
 * What of a queue is asked for, with the defaults of {@link BrowseOptions}.
 * @throws OptionError (`OPTION_INVALID`) for a limit that is no whole number from 1 to 1 000
 */
export function readBrowseOptions({
  state = "ready",
  limit = 100,
  cursor,
}: BrowseOptions): Required<Pick<BrowseOptions, "state" | "limit">> & { readonly cursor: string | undefined } {
  if (Number.isInteger(limit) && limit >= 1 && limit <= maxLimit) return { state, limit, cursor };
  throw new OptionError(`limit must be a whole number from 1 to 1 000; it is ${limit}.`, { field: "limit" });
}
