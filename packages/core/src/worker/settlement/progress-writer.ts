import { OptionError, quoteValue } from "@lovage/foundation";
import { LeaseLostError } from "@lovage/transport";
import { isOfAnother } from "../run/another-message.ts";
import type { ResultRecords } from "./result-records.ts";
import type { WriteOutcome } from "./waiting-record.ts";
import type { TaskRun } from "../run/task-run.ts";

/** States that are the runtime's to write, and `PENDING`, which means that there is none. */
const ownStates: ReadonlySet<string> = new Set([
  "PENDING",
  "RECEIVED",
  "STARTED",
  "RETRY",
  "SUCCESS",
  "FAILURE",
  "REVOKED",
]);
const maxNameLength = 50;

/** Stores what running tasks tell of themselves. */
export class ProgressWriter {
  readonly #records: ResultRecords | undefined;

  /** Without a backend there are no records, and nothing is stored. */
  constructor(records: ResultRecords | undefined) {
    this.#records = records;
  }

  /**
   * Stores a state of the user's own.
   * @throws OPTION_INVALID for a state of the runtime's, RESULT_ENCODE, PAYLOAD_TOO_LARGE, LEASE_LOST
   */
  async write(run: TaskRun, state: string, info: unknown): Promise<void> {
    if (typeof state !== "string" || !isName(state) || ownStates.has(state)) {
      throw new OptionError(
        `updateState takes a state of your own, of 1 to ${maxNameLength} printable characters, such as "PROGRESS"; it is ${quoteValue(state)}.`,
        { field: "state" },
      );
    }
    if (this.#records === undefined || run.isResultIgnored) return;
    const outcome = await this.#records.put(run, { state, value: info });
    if (outcome !== "stored") await this.#afterRefusal(run, outcome);
  }

  /** @throws LEASE_LOST where the task has come, or will come, to its end elsewhere */
  async #afterRefusal(run: TaskRun, outcome: Exclude<WriteOutcome, "stored">): Promise<void> {
    const record = await this.#records?.find(run);
    // The signal says so, and the outcome will be REVOKED.
    if (outcome === "final" && record?.state === "REVOKED") return run.revoke();
    // Nobody else has the message, and the task is to go on.
    if (outcome === "stale" && !run.isLost && isOfAnother(record, run)) return;
    throw new LeaseLostError({ queue: run.delivery.queue, messageId: run.delivery.message.properties.messageId });
  }

  /** Stores STARTED, without making the run wait for it. Never rejects. */
  async started(run: TaskRun, worker: { readonly pid: number; readonly hostname: string }): Promise<void> {
    if (this.#records === undefined || run.isResultIgnored) return;
    try {
      const outcome = await this.#records.put(run, { state: "STARTED", value: worker });
      if (outcome === "final" && (await this.#records.find(run))?.state === "REVOKED") run.revoke();
    } catch {
      // STARTED is for whoever looks on. The end of the task is written anew, and fails or succeeds for itself.
    }
  }
}

function isName(state: string): boolean {
  return state !== "" && state.length <= maxNameLength && !/[\p{Cc}\p{Cs}]/u.test(state);
}
