import type { Results } from "@lovage/backend";
import { FailureNews, SingleFlight, type Log } from "@lovage/foundation";
import type { Broadcast, Subscription } from "@lovage/transport";
import { controlChannel, decodeRevoke } from "../../control/revoke-message.ts";
import type { Revocations } from "./revocations.ts";

/** Where revocations come from. */
export interface RevocationFeedOptions {
  readonly revocations: Revocations;
  /** Name of this worker, by which commands are addressed. */
  readonly node: string;
  readonly log: Log;
  readonly results: Results | undefined;
  readonly broadcast: Broadcast | undefined;
}

const pageSize = 10_000;

/** Learns which tasks were cancelled: at once by broadcast, and by reading what the backend has kept. */
export class RevocationFeed {
  readonly #options: RevocationFeedOptions;
  #cursor: string | undefined;
  #subscription: Subscription | undefined;
  readonly #reading = new SingleFlight(() => this.#read());
  readonly #failures: FailureNews;
  #isClosed = false;

  constructor(options: RevocationFeedOptions) {
    this.#options = options;
    this.#failures = new FailureNews(options.log, "Revocations cannot be read; trying again.");
  }

  /** Resolves once revocations of before are known and later ones are heard. */
  async open(): Promise<void> {
    const { broadcast, revocations, node } = this.#options;
    this.#subscription = await broadcast?.subscribe(controlChannel, (message) => {
      revocations.add(decodeRevoke(message, node)?.taskIds ?? []);
    });
    // The worker was stopped while the broker was asked.
    if (this.#isClosed) return this.close();
    await this.read();
  }

  /** Reads what was added since the last time. Never rejects: what could not be read is read the next time. */
  read(): Promise<void> {
    return this.#reading.run();
  }

  /** Idempotent. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const subscription = this.#subscription;
    this.#subscription = undefined;
    await subscription?.close();
    await this.#reading.end();
  }

  async #read(): Promise<void> {
    try {
      for (let isMore = true; isMore;) isMore = await this.#readPage();
      this.#failures.succeeded();
    } catch (error) {
      this.#failures.failed(error);
    }
  }

  /** Whether there may be another page. */
  async #readPage(): Promise<boolean> {
    const { results, revocations } = this.#options;
    if (results === undefined) return false;
    const after = this.#cursor;
    const page = await results.revocations({ limit: pageSize, ...(after === undefined ? {} : { after }) });
    revocations.add(page.taskIds);
    this.#cursor = page.cursor;
    return page.taskIds.length === pageSize;
  }
}
