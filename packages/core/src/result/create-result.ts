import type { ResultRecord, ResultState } from "@lovage/backend";
import { isFinalState } from "@lovage/backend";
import { checkBoolean, checkKnown } from "../app/check-option.ts";
import { decodeResult } from "../protocol/decode-result.ts";
import type { AsyncResult, CancelOptions, GetOptions } from "./async-result.ts";
import { checkGetOptions } from "./check-get-options.ts";
import { cancelledMs, cancelTask } from "./cancel-task.ts";
import { NoResultBackendError, ResultExpiredError } from "./errors.ts";
import { outcomeError } from "./outcome-error.ts";
import type { ResultSource } from "./result-source.ts";

/** What a handle knows beside the id. */
export interface ResultContext {
  readonly source: ResultSource;
  /** The call stores no result. */
  readonly ignored: boolean;
  /** Until when the call would have been due, and as long as results are kept after that: its cancellation is kept no shorter. @default unknown, as of a handle by id alone */
  readonly expiresMs?: number;
}

/** A handle on the result of a call. */
export function createResult(id: string, context: ResultContext): AsyncResult<unknown> {
  return new StoredResult(id, context);
}

class StoredResult implements AsyncResult<unknown> {
  readonly id: string;
  readonly #context: ResultContext;
  #isForgotten = false;

  constructor(id: string, context: ResultContext) {
    this.id = id;
    this.#context = context;
  }

  /** No async function: of ten thousand waiters, each would keep its frame. */
  get(options: GetOptions = {}): Promise<unknown> {
    try {
      const { runtime } = this.#context.source;
      // Read last: waiting loads the configuration.
      return this.#wait(options).then((record) => valueOf(record, runtime.settings.timezone));
    } catch (error) {
      return rejected(error as Error);
    }
  }

  async state(): Promise<ResultState> {
    return (await this.#read())?.state ?? "PENDING";
  }

  async ready(): Promise<boolean> {
    return isFinalState(await this.state());
  }

  async successful(): Promise<boolean> {
    return (await this.state()) === "SUCCESS";
  }

  async failed(): Promise<boolean> {
    return (await this.state()) === "FAILURE";
  }

  async info(): Promise<unknown> {
    const record = await this.#read();
    if (record === undefined) return undefined;
    const { timezone } = this.#context.source.runtime.settings;
    const result = decodeResult(record.document, { timezone });
    return result.error === undefined ? result.value : outcomeError(this.id, result);
  }

  async forget(): Promise<void> {
    this.#checkKept();
    const results = await this.#context.source.results();
    await results.forget([this.id]);
    this.#isForgotten = true;
  }

  async cancel(options: CancelOptions = {}): Promise<boolean> {
    checkKnown(options, "cancel", ["terminate"]);
    const { source, expiresMs = 0 } = this.#context;
    const { terminate = false } = options;
    checkBoolean(terminate, "terminate");
    return cancelTask(this.id, { runtime: source.runtime, terminate, expiresInMs: Math.max(cancelledMs, expiresMs) });
  }

  #wait(options: GetOptions): Promise<ResultRecord> {
    const { timeoutMs, signal } = checkGetOptions(options);
    this.#checkKept();
    if (this.#isForgotten) throw new ResultExpiredError(this.id);
    return this.#context.source.wait(this.id, { timeoutMs, signal });
  }

  async #read(): Promise<ResultRecord | undefined> {
    this.#checkKept();
    return this.#context.source.read(this.id);
  }

  #checkKept(): void {
    if (!this.#context.ignored) return;
    throw new NoResultBackendError(`Call ${this.id} was sent with ignoreResult: nothing is stored for it.`);
  }
}

/** What the task returned. @throws what it threw */
function valueOf({ taskId, document }: ResultRecord, timezone: string): unknown {
  const result = decodeResult(document, { timezone });
  if (result.state !== "SUCCESS") throw outcomeError(taskId, result);
  return result.value;
}

function rejected(error: Error): Promise<never> {
  return Promise.reject(error);
}
