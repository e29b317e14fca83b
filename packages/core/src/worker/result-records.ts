import type { ResultPut, ResultState } from "@lovage/backend";
import type { Clock } from "@lovage/foundation";
import { isFinalState } from "@lovage/backend";
import type { LostStep } from "../canvas/follow-up.ts";
import { encodeResult } from "../protocol/encode-result.ts";
import type { ResultNode } from "../protocol/result-tuple.ts";
import type { TaskException } from "../protocol/task-exception.ts";
import type { ResultWriter, WriteOutcome } from "./result-writer.ts";
import type { TaskRun } from "./task-run.ts";

/** What is to be told of a task. */
export interface RecordContent {
  readonly state: ResultState;
  readonly value?: unknown;
  /** For FAILURE, RETRY and REVOKED, instead of `value`. */
  readonly exception?: TaskException;
  readonly children?: readonly ResultNode[];
}

/** What records are made with. */
export interface ResultRecordsOptions {
  readonly writer: ResultWriter;
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
    const put: ResultPut = {
      taskId: call.id,
      state: content.state,
      document,
      fence: [call.retries, delivery.fence],
      expiresInMs: definition?.options.resultExpiresMs ?? defaultExpiryMs,
      ...(replyTo === undefined ? {} : { replyTo }),
    };
    return this.#options.writer.put(put, () => !run.isLost);
  }

  /** Stores how tasks end that will never run because this one did not succeed; not over what has ended already. */
  async putLost(run: TaskRun, steps: readonly LostStep[]): Promise<void> {
    const dateDoneMs = this.#options.clock.now();
    const expiresInMs = run.definition?.options.resultExpiresMs ?? defaultExpiryMs;
    const writes = steps.map(({ taskId, state, exception }) => {
      const document = encodeResult({ taskId, state, exception, dateDoneMs });
      return this.#options.writer.put({ taskId, state, document, fence: null, expiresInMs }, () => !run.isLost);
    });
    await Promise.all(writes);
  }
}
