import type { StepSettings } from "../protocol/signature-settings.ts";
import type { TaskCall } from "../protocol/task-call.ts";
import type { AsyncResult } from "../result/async-result.ts";
import type { FollowUp, JoinNeeded } from "./follow-up.ts";
import type { SignatureOptions } from "./signature-options.ts";

/** The task whose result is that of a workflow, or of one of its ends. */
export interface WorkflowEnd {
  readonly taskId: string;
  readonly task: string;
  /** It stores no result. */
  readonly ignored: boolean;
  /** How long it, and what comes before it, is put off in all, in ms. */
  readonly delayMs: number;
}

/** What a workflow asks of those who run it. */
export interface WorkflowNeeds {
  readonly tasks: readonly { readonly task: string }[];
  /** A backend that has joins. */
  readonly needsJoins: boolean;
}

/** What workflows need of an app. */
export interface CanvasSender {
  /**
   * Loads the configuration, which `settingsOf` needs whole, and learns `replyTo`.
   * @param needs Those of what is to be sent.
   * @throws FEATURE_UNSUPPORTED for what only this app's workers could run, and cannot: joins without a backend that has them
   */
  ready(needs: WorkflowNeeds): Promise<void>;
  /** The queue for results, where they travel by message to the caller: steps that other workers send must name it, too. */
  readonly replyTo?: string | undefined;
  /**
   * How a call of a task is sent with these options: checked, with what the task's own options say beneath them, and with its queue. A task
   * that lives elsewhere gets its limits here, for its worker may not know them.
   * @throws OPTION_INVALID, NAME_INVALID
   */
  settingsOf(task: string, options: SignatureOptions): StepSettings & { readonly queue: string };
  /** A fresh id, for tasks and groups. */
  newId(): string;
  nowMs(): number;
  /** The task that is running, when it is the one that sends. */
  parent(): TaskCall | undefined;
  /** Name of this process, for `TaskCall.origin`. */
  readonly origin: string;
  /**
   * Opens the joins, then publishes the calls as one batch. Resolves once the broker has accepted all.
   * @throws what `encodeTask` and `publish` throw; FEATURE_UNSUPPORTED for joins on a backend that has none
   */
  send(sends: readonly FollowUp[], joins: readonly JoinNeeded[]): Promise<void>;
  /** A handle on the result of a workflow, or of one of its ends. */
  result(end: WorkflowEnd): AsyncResult<unknown>;
}
