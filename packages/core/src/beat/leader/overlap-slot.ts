import { isFinalState } from "@lovage/backend";
import type { Coordination, Results } from "@lovage/backend";
import { FeatureUnsupportedError } from "@lovage/transport";
import type { ScheduleDefinition } from "../definition/schedule-definition.ts";

/** What slots are made of. */
export interface OverlapSlotParts {
  readonly app: string;
  readonly coordination: Coordination;
  readonly results: Results | undefined;
  /** Cancels a task that may run. */
  readonly cancel: (taskId: string) => Promise<unknown>;
}

/** What is to be done with a tick: publish it, leave it out, or try again later. */
export type Turn = "publish" | "skip" | "wait";

/** A run without a result counts as ended after so long. */
const longestRunMs = 86_400_000;

/** The one place that the runs of a schedule have where they must not overlap: a key, owned by the task of the latest tick. */
export class OverlapSlot {
  readonly #parts: OverlapSlotParts;

  constructor(parts: OverlapSlotParts) {
    this.#parts = parts;
  }

  /** Takes the place for a tick's task, or says what to do. Asked again for the same task, it answers the same. @throws BACKEND_UNAVAILABLE, FEATURE_UNSUPPORTED */
  async take({ name, overlap }: ScheduleDefinition, taskId: string): Promise<Turn> {
    if (overlap === "allow") return "publish";
    const { app, coordination } = this.#parts;
    const key = keyOf(app, name);
    const request = { key, owner: taskId, expiresInMs: longestRunMs };
    const { owner } = await coordination.claimKey(request);
    if (owner === taskId) return "publish";
    if (!(await this.#hasEnded(name, owner))) {
      if (overlap === "skip") return "skip";
      if (overlap === "queue") return "wait";
      await this.#parts.cancel(owner);
    }
    await coordination.releaseKey(key, owner);
    const second = await coordination.claimKey(request);
    return second.owner === taskId ? "publish" : "wait";
  }

  /** Gives the place back of a task that is never sent: nobody would record its end. @throws BACKEND_UNAVAILABLE */
  async free({ name, overlap }: ScheduleDefinition, taskId: string): Promise<void> {
    if (overlap === "allow") return;
    const { app, coordination } = this.#parts;
    await coordination.releaseKey(keyOf(app, name), taskId);
  }

  async #hasEnded(schedule: string, taskId: string): Promise<boolean> {
    const { results } = this.#parts;
    if (results === undefined) {
      throw new FeatureUnsupportedError(
        `The overlap policy of schedule "${schedule}" needs a backend that keeps results, such as sqlite:, redis: or postgres:.`,
      );
    }
    const [record] = await results.get([taskId]);
    return record !== undefined && isFinalState(record.state);
  }
}

function keyOf(app: string, schedule: string): string {
  return `schedule:${app}|${schedule}`;
}
