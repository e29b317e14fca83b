import { checkName, hasCode, OptionError, quoteValue } from "@lovage/foundation";
import type { BrowseOptions, QueueAdmin, QueueStats } from "@lovage/transport";
import { deadLetterQueueOf } from "@lovage/transport";
import type { AppRuntime } from "../app/app-runtime.ts";
import { checkInteger, checkKnown, checkWord } from "../app/check-option.ts";
import { toQueueEntry } from "./queue-entry.ts";
import type { DeadLetters, DeadSelection, ListOptions, QueueHandle, QueueListing, QueuePage } from "./queue-handle.ts";
import { queueListing } from "./queue-listing.ts";

/** Messages that are moved or removed by one call of the broker. */
const batchSize = 1_000;

/** A handle on a queue. @throws NAME_INVALID */
export function createQueueHandle(runtime: AppRuntime, name: string): QueueHandle {
  return new BrokerQueue(runtime, checkName(name, { kind: "queue" }));
}

class BrokerQueue implements QueueHandle {
  readonly name: string;
  readonly dead: DeadLetters;
  readonly #runtime: AppRuntime;

  constructor(runtime: AppRuntime, name: string) {
    this.#runtime = runtime;
    this.name = name;
    const dead = deadLetterQueueOf(name);
    this.dead = {
      list: (options = {}) => this.#list(dead, options),
      replay: (selection) => this.#change(dead, selection, (admin, some) => admin.replay(dead, some)),
      drop: (selection) => this.#change(dead, selection, (admin, some) => admin.drop(dead, some)),
    };
  }

  async stats(): Promise<QueueStats> {
    const admin = await this.#admin();
    const stats = await unlessAbsent(async () => (await admin.inspect([this.name]))[0]);
    return stats ?? { queue: this.name, ready: 0, delayed: 0, unsettled: 0, dead: 0 };
  }

  list(options: ListOptions = {}): QueueListing {
    return this.#list(this.name, options);
  }

  async purge(): Promise<number> {
    const admin = await this.#admin();
    return (await unlessAbsent(() => admin.purge(this.name))) ?? 0;
  }

  async delete(): Promise<void> {
    await (await this.#admin()).delete(this.name);
    // Only now: what is declared while the queue is being deleted may be deleted with it.
    this.#runtime.producer.forgetQueue(this.name);
  }

  async #admin(): Promise<QueueAdmin> {
    return (await this.#runtime.connection()).admin;
  }

  #list(queue: string, options: ListOptions): QueueListing {
    return queueListing((next) => this.#readPage(queue, next === undefined ? options : { ...options, cursor: next }));
  }

  async #readPage(queue: string, listOptions: ListOptions): Promise<QueuePage> {
    const { cursor, ...others } = checkListOptions(listOptions);
    const options: BrowseOptions = cursor === undefined ? others : { ...others, cursor };
    const admin = await this.#admin();
    const { messages = [], next } = (await unlessAbsent(() => admin.browse(queue, options))) ?? {};
    const { acceptContent, timezone } = this.#runtime.settings;
    const entries = messages.map((message) => toQueueEntry(message, { acceptContent, timezone }));
    return Object.assign(entries, { next });
  }

  async #change(
    dead: string,
    selection: DeadSelection,
    change: (admin: QueueAdmin, selection: Exclude<DeadSelection, "all">) => Promise<number>,
  ): Promise<number> {
    checkSelection(selection);
    const admin = await this.#admin();
    const run = async (): Promise<number> => {
      if (selection !== "all") return change(admin, selection);
      // Bounded by what is there now: letters that die again meanwhile are not moved for ever.
      const [stats] = await admin.inspect([dead]);
      let left = stats?.ready ?? 0;
      let changed = 0;
      for (let done = 1; left > 0 && done > 0; left -= done) {
        done = await change(admin, { first: Math.min(left, batchSize) });
        changed += done;
      }
      return changed;
    };
    return (await unlessAbsent(run)) ?? 0;
  }
}

/** @throws OPTION_INVALID that names the field */
function checkListOptions(options: ListOptions): ListOptions {
  checkKnown(options, "list", ["state", "limit", "cursor"]);
  const { state, limit, cursor } = options;
  if (state !== undefined) checkWord(state, "state", ["ready", "delayed", "unsettled"]);
  if (limit !== undefined) checkInteger(limit, "limit", { min: 1, max: batchSize });
  if (cursor === undefined || typeof cursor === "string") return options;
  throw new OptionError(`cursor must be the \`next\` of the page before; it is ${quoteValue(cursor)}.`, {
    field: "cursor",
  });
}

/** @throws OPTION_INVALID for what selects no dead letters */
function checkSelection(selection: unknown): void {
  if (selection === "all") return;
  const { messageIds, first } = (typeof selection === "object" && selection !== null ? selection : {}) as {
    readonly messageIds?: unknown;
    readonly first?: unknown;
  };
  if (first !== undefined && messageIds === undefined) {
    checkInteger(first, "first", { min: 1, max: Number.MAX_SAFE_INTEGER });
    return;
  }
  if (first === undefined && Array.isArray(messageIds) && messageIds.every((id) => typeof id === "string")) return;
  throw new OptionError(
    `Dead letters are selected by "all", { first: 10 } or { messageIds: [...] }; it is ${quoteValue(selection)}.`,
    { field: "selection" },
  );
}

/** What the work gives; `undefined` for a queue that does not exist, which holds nothing. */
async function unlessAbsent<Value>(work: () => Promise<Value>): Promise<Value | undefined> {
  try {
    return await work();
  } catch (error) {
    if (hasCode(error, "QUEUE_NOT_FOUND")) return undefined;
    throw error;
  }
}
