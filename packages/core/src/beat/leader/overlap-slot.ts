import { isFinalState } from "@lovage/backend";
import type { Coordination, Results } from "@lovage/backend";
import { FeatureUnsupportedError } from "@lovage/transport";
import type { TaskRegistry } from "../../app/app-runtime.ts";
import { requireResults } from "../definition/require-results.ts";
import type { ScheduleDefinition } from "../definition/schedule-definition.ts";

/** What slots are made of. */
export interface OverlapSlotParts {
  readonly app: string;
  readonly tasks: Pick<TaskRegistry, "get">;
  readonly coordination: Coordination;
  readonly results: Results | undefined;
  /** Cancels a task that may run. */
  readonly cancel: (taskId: string) => Promise<unknown>;
}

/** A tick that asks for the place. */
export interface SlotRequest {
  readonly taskId: string;
  readonly instantMs: number;
  /** Instant of the latest tick that was recorded as published. */
  readonly publishedMs: number;
}

/** What is to be done with a tick: publish it, leave it out, try again later, or first publish the tick of another instant, which has the place and was begun only. */
export type Turn = "publish" | "skip" | "wait" | { readonly firstMs: number };

/** A run without a result counts as ended after so long. */
const longestRunMs = 86_400_000;

/** The one place that the runs of a schedule have where they must not overlap: a key, owned by the task of the latest tick. */
export class OverlapSlot {
  readonly #parts: OverlapSlotParts;

  constructor(parts: OverlapSlotParts) {
    this.#parts = parts;
  }

  /** Takes the place for a tick's task, or says what to do. Asked again for the same task, it answers the same. @throws BACKEND_UNAVAILABLE, FEATURE_UNSUPPORTED, OPTION_INVALID */
  async take(definition: ScheduleDefinition, wanted: SlotRequest): Promise<Turn> {
    const { name, task, overlap } = definition;
    if (overlap === "allow") return "publish";
    const { app, tasks, coordination } = this.#parts;
    // It may have been put into the store by who does not know the task's options.
    requireResults(definition, tasks.get(task)?.options);
    const key = keyOf(app, name);
    const request = { key, owner: ownerOf(wanted), expiresInMs: longestRunMs };
    const { owner } = await coordination.claimKey(request);
    if (owner === request.owner) return "publish";
    const { taskId, instantMs } = readOwner(owner);
    if (!(await this.#hasEnded(name, taskId))) {
      // It may have been sent or not: sent again it still runs once, and nothing else would ever end it.
      if (overlap !== "cancel" && instantMs > wanted.publishedMs && instantMs < wanted.instantMs)
        return { firstMs: instantMs };
      if (overlap === "skip") return "skip";
      if (overlap === "queue") return "wait";
      await this.#parts.cancel(taskId);
    }
    await coordination.releaseKey(key, owner);
    const second = await coordination.claimKey(request);
    return second.owner === request.owner ? "publish" : "wait";
  }

  /** Gives the place back of a task that is never sent: nobody would record its end. @throws BACKEND_UNAVAILABLE */
  async free({ name, overlap }: ScheduleDefinition, tick: SlotRequest): Promise<void> {
    if (overlap === "allow") return;
    const { app, coordination } = this.#parts;
    await coordination.releaseKey(keyOf(app, name), ownerOf(tick));
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

function ownerOf({ taskId, instantMs }: SlotRequest): string {
  return `${taskId} ${instantMs}`;
}

/** The task that has the place, and the instant of its tick. */
function readOwner(owner: string): Pick<SlotRequest, "taskId" | "instantMs"> {
  const [taskId = owner, instant] = owner.split(" ");
  return { taskId, instantMs: Number(instant) };
}
