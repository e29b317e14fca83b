import type { Backend } from "@lovage/backend";
import type { Clock, Log } from "@lovage/foundation";
import type { QueueCapabilities } from "@lovage/transport";
import { keepTrying, unwanted } from "./keep-trying.ts";
import type { Retrying } from "./keep-trying.ts";
import { wasSeen } from "./task-marks.ts";
import type { Marks } from "./task-marks.ts";
import type { TaskRun } from "./task-run.ts";

/** What {@link KeptMarks} work with. */
export interface KeptMarksParts {
  readonly clock: Clock;
  readonly log: Log;
  /** Ends all waiting. */
  readonly signal: AbortSignal;
  /** What is asked of the backend again. */
  readonly retrying?: Retrying;
  readonly backend: Backend | undefined;
  readonly capabilitiesOf: (queue: string) => Pick<QueueCapabilities, "countsReleases">;
}

/** For how long after its message is due again a mark is remembered. */
const keptMs = 3_600_000;
/** Owner of the key of a message that has no marks, while that is found out. */
const unmarked = "unmarked";
const unmarkedMs = 1_000;
/** Messages that are remembered without a backend. */
const mostRemembered = 10_000;

/**
 * The marks of messages that are put off in their place in line, where a copy that carries them would lose it: as the owner of a key in the backend, for all workers. Without
 * coordination this worker alone remembers them.
 */
export class KeptMarks {
  readonly #parts: KeptMarksParts;
  readonly #inPlace = new Map<string, boolean>();
  /** The oldest first. */
  readonly #remembered = new Map<string, Marks>();

  constructor(parts: KeptMarksParts) {
    this.#parts = parts;
  }

  /** Whether what is put off stays where it is in the queue of the run. */
  areFor({ delivery: { queue } }: TaskRun): boolean {
    let inPlace = this.#inPlace.get(queue);
    if (inPlace === undefined) {
      inPlace = this.#parts.capabilitiesOf(queue).countsReleases === true;
      this.#inPlace.set(queue, inPlace);
    }
    return inPlace;
  }

  /** Whether the message may have been put off before. */
  mayBeThere(run: TaskRun): boolean {
    return this.areFor(run) && wasSeen(run.delivery);
  }

  /** Gives the run the marks of its message. `false`: its lease was lost meanwhile. */
  async read(run: TaskRun): Promise<boolean> {
    const coordination = this.#parts.backend?.coordination;
    const key = keyOf(run);
    if (coordination === undefined) {
      run.marks = this.#remembered.get(key) ?? {};
      return true;
    }
    const look = () => coordination.claimKey({ key, owner: unmarked, expiresInMs: unmarkedMs });
    const there = await keepTrying(look, { ...this.#parts, isWanted: () => !run.isLost });
    if (there === unwanted) return false;
    run.marks = there.owner === unmarked ? {} : (JSON.parse(there.owner) as Marks);
    return true;
  }

  /** Keeps the marks of a run that is put off for so long: those that it came with, and others. `false`: its lease was lost meanwhile. */
  async write(run: TaskRun, delayMs: number, others: Marks = {}): Promise<boolean> {
    const marks = { ...run.marks, ...others };
    if (Object.keys(marks).length === 0) return true;
    const key = keyOf(run);
    const { backend, log } = this.#parts;
    if (backend?.coordination === undefined) {
      this.#remember(key, marks);
      return true;
    }
    try {
      const request = { key, owner: JSON.stringify(marks), expiresInMs: Math.ceil(delayMs) + keptMs };
      const put = () => replaceOwner(backend, request);
      return (await keepTrying(put, { ...this.#parts, isWanted: () => !run.isLost })) !== unwanted;
    } catch (error) {
      log.warn("What a task was put off for cannot be remembered; it is found out anew.", {
        taskId: run.call.id,
        error,
      });
      return true;
    }
  }

  #remember(key: string, marks: Marks): void {
    this.#remembered.delete(key);
    this.#remembered.set(key, marks);
    if (this.#remembered.size <= mostRemembered) return;
    const [oldest] = this.#remembered.keys();
    if (oldest !== undefined) this.#remembered.delete(oldest);
  }
}

/** Nobody else works on the message: who owns its key wrote earlier marks. */
async function replaceOwner(
  { coordination }: Backend,
  request: { readonly key: string; readonly owner: string; readonly expiresInMs: number },
): Promise<void> {
  const there = await coordination?.claimKey(request);
  if (there === undefined || there.owner === request.owner) return;
  await coordination?.releaseKey(request.key, there.owner);
  await coordination?.claimKey(request);
}

function keyOf({ delivery: { copyId, message } }: TaskRun): string {
  return `marks:${copyId ?? message.properties.messageId}`;
}
