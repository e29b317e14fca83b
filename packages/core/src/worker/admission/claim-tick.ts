import { readTick, tickKey } from "../../beat/tick/tick-mark.ts";
import type { Backend } from "@lovage/backend";
import type { Clock } from "@lovage/foundation";
import { keepTrying, unwanted } from "../run/keep-trying.ts";
import type { Retrying } from "../run/keep-trying.ts";
import type { Outcome } from "../run/outcome.ts";
import type { TaskRun } from "../run/task-run.ts";

/** What claiming takes. */
interface ClaimTickParts {
  readonly clock: Clock;
  /** Ends all waiting. */
  readonly signal: AbortSignal;
  /** What is asked of the backend again. */
  readonly retrying?: Retrying;
  readonly backend: Backend | undefined;
}

/** Whether a message is the tick of a schedule. */
export function isTick({ delivery }: TaskRun): boolean {
  return readTick(delivery.message.headers) !== undefined;
}

/**
 * Of the messages that were published for one tick, the first that a worker has in its hands is the one that runs, however often it is redelivered;
 * the others end here. Without coordination there is nobody to ask, and the tick runs.
 */
export async function claimTick(run: TaskRun, parts: ClaimTickParts): Promise<Outcome | undefined> {
  const coordination = parts.backend?.coordination;
  const tick = readTick(run.delivery.message.headers);
  if (coordination === undefined || tick === undefined) return undefined;
  const request = { key: tickKey(run.call.id), owner: tick.attempt, expiresInMs: tick.keepMs };
  const claim = await keepTrying(() => coordination.claimKey(request), { ...parts, isWanted: () => !run.isLost });
  if (claim === unwanted) return { kind: "dropped", why: "its lease was lost" };
  return claim.owner === tick.attempt ? undefined : { kind: "duplicate" };
}
