import type { PutOutcome, ResultPut, ResultRecord, Results } from "@lovage/backend";
import type { Clock } from "@lovage/foundation";
import { isFinalState } from "@lovage/backend";
import type { LostStep } from "../../canvas/follow-up.ts";
import { encodeResult } from "../../protocol/encode-result.ts";
import { isOfAnother } from "../run/another-message.ts";
import type { RecordContent } from "../run/record-content.ts";
import type { ResultWriter } from "./result-writer.ts";
import type { TaskRun } from "../run/task-run.ts";
import type { WriteOutcome } from "./waiting-record.ts";

/** What records are made with. */
export interface ResultRecordsOptions {
  readonly writer: ResultWriter;
  readonly results: Results;
  readonly clock: Clock;
  /** Largest value, in bytes. */
  readonly maxBytes: number;
}

const defaultExpiryMs = 86_400_000;

/** Writes records of runs, fenced by their deliveries. */
export class ResultRecords {
  readonly #options: ResultRecordsOptions;

  constructor(options: ResultRecordsOptions) {
    this.#options = options;
  }

  /**
   * Stores the record of a run.
   * @throws RESULT_ENCODE, PAYLOAD_TOO_LARGE for the value, DOCUMENT_TOO_LARGE
   */
  put(run: TaskRun, content: RecordContent): Promise<WriteOutcome> {
    return this.#options.writer.put(this.#putOf(run, content), () => !run.isLost);
  }

  /**
   * Stores the success of a run whose message was acknowledged, over all that did not succeed under its id.
   * @throws as `put`
   */
  putOver(run: TaskRun, content: RecordContent): Promise<WriteOutcome> {
    return this.#options.writer.put({ ...this.#putOf(run, content), fence: null }, () => true);
  }

  /**
   * Stores the record of a run in a transaction of its broker, over one that is another's too (`isOfAnother`). `undefined`: the results are in another store, and nothing was written.
   * @throws as `put`
   */
  async putIn(transaction: unknown, run: TaskRun, content: RecordContent): Promise<PutOutcome | undefined> {
    const put = this.#putOf(run, content);
    const [outcome] = (await this.#options.results.putIn?.(transaction, [put])) ?? [];
    if (outcome !== "stale" || !isOfAnother(await this.find(run), run)) return outcome;
    const [over] = (await this.#options.results.putIn?.(transaction, [{ ...put, fence: null }])) ?? [];
    return over;
  }

  /** What is stored of a run's call. @throws BACKEND_UNAVAILABLE */
  async find({ call }: TaskRun): Promise<ResultRecord | undefined> {
    const [record] = await this.#options.results.get([call.id]);
    return record;
  }

  #putOf(run: TaskRun, content: RecordContent): ResultPut {
    const { call, delivery, definition } = run;
    const { replyTo, groupId, parentId } = call;
    const document = encodeResult({
      ...content,
      taskId: call.id,
      task: call.task,
      maxBytes: this.#options.maxBytes,
      ...(isFinalState(content.state) ? { dateDoneMs: this.#options.clock.now() } : {}),
      ...(groupId === undefined ? {} : { groupId }),
      ...(parentId === undefined ? {} : { parentId }),
    });
    return {
      taskId: call.id,
      state: content.state,
      document,
      fence: [call.retries, delivery.fence],
      expiresInMs: definition?.options.resultExpiresMs ?? defaultExpiryMs,
      ...(replyTo === undefined ? {} : { replyTo }),
    };
  }

  /** Stores how tasks end that will never run because this one did not succeed; not over what has ended already. Who waits for it waits for them. */
  async putLost(run: TaskRun, steps: readonly LostStep[]): Promise<void> {
    const dateDoneMs = this.#options.clock.now();
    const expiresInMs = run.definition?.options.resultExpiresMs ?? defaultExpiryMs;
    const { replyTo } = run.call;
    const address = replyTo === undefined ? {} : { replyTo };
    const writes = steps.map(({ taskId, state, exception }) => {
      const document = encodeResult({ taskId, state, exception, dateDoneMs });
      return this.#options.writer.put(
        { taskId, state, document, fence: null, expiresInMs, ...address },
        () => !run.isLost,
      );
    });
    await Promise.all(writes);
  }
}
