import { hasCode, isLovageError } from "@lovage/foundation";
import type { Clock } from "@lovage/foundation";
import { keepTrying, unwanted } from "../run/keep-trying.ts";
import type { Retrying } from "../run/keep-trying.ts";
import type { TaskRun } from "../run/task-run.ts";

/** What settling takes. */
export interface SettleDeliveryParts {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** What is asked of the broker again: one that is connected and takes nothing for now, as RabbitMQ under an alarm, is not seen by its state. */
  readonly retrying?: Retrying;
}

/** `lost`: another delivery of the message speaks, or will; nothing was settled. */
export type SettledHow = "settled" | "lost";

/**
 * Settles a delivery, again and again while the broker refuses for now and the lease holds.
 * @throws what cannot be mended by trying again, a bad follow-up for instance; the delivery is then unsettled
 */
export async function settleDelivery(
  run: TaskRun,
  settle: () => Promise<void>,
  parts: SettleDeliveryParts,
): Promise<SettledHow> {
  try {
    const settled = await keepTrying(settle, { ...parts, isWanted: () => !run.isLost });
    return settled === unwanted ? "lost" : "settled";
  } catch (error) {
    if (isGone(error)) return "lost";
    throw error;
  }
}

/** The delivery is not ours to settle: its lease was lost, the shutdown has released it, or all is closed. */
export function isGone(error: unknown): boolean {
  return isLovageError(error) && hasCode(error, ["LEASE_LOST", "DELIVERY_SETTLED", "CLOSED"]);
}
