import type { Delivery } from "./delivery.ts";

/** How a queue is consumed. */
export interface ConsumeOptions {
  readonly queue: string;
  /** Hard cap on unsettled deliveries of this consumer, 1 or more; may be changed later. */
  readonly prefetch: number;
  /**
   * A message that was lost this often is not handed to `onDelivery` any more. One loss before that it is a suspect, and is
   * delivered alone: with nothing else unsettled on this connection, so that no bystander is charged for it.
   * @default 3
   */
  readonly maxDeliveries?: number;
  /** Called once per delivery, synchronously, one after the other; must not throw. */
  readonly onDelivery: (delivery: Delivery) => void;
  /**
   * Called instead of `onDelivery` for a message lost `maxDeliveries` times; settles it.
   * @default rejects it with reason `poison`
   */
  readonly onExhausted?: (delivery: Delivery) => void;
}

/** How long closing may take. */
export interface CloseOptions {
  /** What is unsettled may be settled for this long and is then released at once. @default 0 */
  readonly graceMs?: number;
}

/** A running consumption of one queue. It goes on after any loss of the connection, without help. */
export interface Consumer {
  readonly queue: string;
  readonly prefetch: number;
  /** Deliveries handed out and not settled yet. */
  readonly unsettled: number;
  /** Changes the cap; 0 pauses. Holds for deliveries not yet handed out: what is unsettled stays so. Synchronous. */
  setPrefetch(prefetch: number): void;
  /**
   * To be asked before work begins on deliveries that have waited while this process may have stood still (a blocked event loop, SIGSTOP, a suspended
   * machine): they may be another's by now, and nothing could tell so. Asks the broker; when it resolves, the signals of those that were lost, or could
   * not be confirmed within some seconds, are aborted. `undefined`, without I/O, where nothing can have been lost unnoticed: the usual case. Never
   * rejects. Absent where deliveries are lost with the process only.
   */
  recheck?(): Promise<void> | undefined;
  /**
   * No further delivery from the moment of the call; unsettled ones may be settled until the grace has passed, then they are
   * released and their signals aborted. Idempotent, never rejects for the broker's absence, resolves within the grace and 1 s.
   */
  close(options?: CloseOptions): Promise<void>;
}
