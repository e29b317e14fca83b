import type { DeathRecord, MessageSelection, MessageState, QueueStats } from "@lovage/transport";

/** A message in a queue, as far as it can be read. */
export interface QueueEntry {
  /** Names the message: task id, `:`, retries. */
  readonly messageId: string;
  /** `undefined` where the message is not a task's, or cannot be decoded. */
  readonly taskId: string | undefined;
  /** Name of the task. */
  readonly task: string | undefined;
  /** Arguments as text, cut at 1 024 characters, secrets masked. */
  readonly argsRepr: string;
  readonly kwargsRepr: string;
  readonly state: MessageState;
  readonly retries: number;
  /** Deliveries so far that were lost, and one. */
  readonly count: number;
  readonly priority: number;
  /** When it becomes ready, for `delayed`; when its lease ends, for `unsettled`. */
  readonly dueAtMs: number | undefined;
  /** How it died; only of dead letters. */
  readonly death: DeathRecord | undefined;
}

/** One page of entries, in order of delivery as far as the broker can. */
export interface QueuePage extends ReadonlyArray<QueueEntry> {
  /** Cursor of the next page; `undefined` on the last. */
  readonly next: string | undefined;
}

/** Entries of a queue: awaited, it is one page; iterated (`for await`), it is all pages from there on. */
export type QueueListing = PromiseLike<QueuePage> & AsyncIterable<QueueEntry>;

/** Which dead letters to list. */
export interface ListDeadOptions {
  /** Entries of a page, 1 to 1 000. @default 100 */
  readonly limit?: number;
  /** `QueuePage.next` of the page before. @default the first page */
  readonly cursor?: string | undefined;
}

/** Which entries to list. */
export interface ListOptions extends ListDeadOptions {
  /** @default "ready" */
  readonly state?: MessageState;
}

/** Which dead letters: all there are now, the first so many, or those with these message ids. */
export type DeadSelection = "all" | MessageSelection;

/** The dead letters of a queue. */
export interface DeadLetters {
  list(options?: ListDeadOptions): QueueListing;
  /**
   * Gives them back to the queue, ready at once: their losses are forgotten, and so is the time at which they would have expired. They keep how often they were retried: what has used up
   * its `maxRetries` is run once. Returns how many. @throws OPTION_INVALID
   */
  replay(selection: DeadSelection): Promise<number>;
  /** Removes them for good. Returns how many. @throws OPTION_INVALID */
  drop(selection: DeadSelection): Promise<number>;
}

/** Looks at a queue and mends it. The queue need not be one of the app's. All throw NAME_INVALID, TRANSPORT_UNAVAILABLE and TRANSPORT_BUSY. */
export interface QueueHandle {
  readonly name: string;
  readonly dead: DeadLetters;
  /** How many messages are where. A queue that does not exist has none. */
  stats(): Promise<QueueStats>;
  /** What is in it. A queue that does not exist is empty. @throws OPTION_INVALID */
  list(options?: ListOptions): QueueListing;
  /** Removes what waits (ready and delayed), never what a worker has. Returns how many. */
  purge(): Promise<number>;
  /** Removes the queue with all it holds. Idempotent. The next call that goes to it makes it again. */
  delete(): Promise<void>;
}
