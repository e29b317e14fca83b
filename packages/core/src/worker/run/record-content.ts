import type { ResultState } from "@lovage/backend";
import type { ResultNode } from "../../protocol/result-tuple.ts";
import type { TaskException } from "../../protocol/task-exception.ts";

/** What is to be told of a task. */
export interface RecordContent {
  readonly state: ResultState;
  readonly value?: unknown;
  /** For FAILURE, RETRY and REVOKED, instead of `value`. */
  readonly exception?: TaskException;
  readonly children?: readonly ResultNode[];
}
