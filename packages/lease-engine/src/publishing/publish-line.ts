import type { PublishCall } from "./publish-call.ts";

/** Where publish calls go until they are settled. */
export interface PublishLine {
  /** Takes a call, in order; it may not have been routed yet. */
  add(call: PublishCall): void;
  /** A call that was taken has been routed, has failed, or is put off. */
  pump(call: PublishCall): void;
  /** Lets what is under way settle for as long, then ends the rest. A later call may shorten the grace. */
  close(graceMs: number): Promise<void>;
}
