import type { LeaseDelivery } from "./delivery.ts";

/** Renews leases from a helper thread, so that user code that blocks the event loop does not lose them. */
export interface RenewalThread {
  readonly isRunning: boolean;
  add(delivery: LeaseDelivery): void;
  remove(delivery: LeaseDelivery): void;
  /** When the thread renewed a lease last, by the clock's monotonic time; -Infinity for never. */
  confirmedAtMs(delivery: LeaseDelivery): number;
  /** Sign of life of the event loop. */
  beat(): void;
  close(): Promise<void>;
}
