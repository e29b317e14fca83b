import type { AmqpError } from "./amqp-error.ts";
import type { Letter } from "./publish-on.ts";

/** One message on its way to the broker. */
export interface Posting extends Letter {
  /** Called once: `null` when the broker has accepted it, else why not. Not called after `abandon`. */
  readonly done: (error: AmqpError | null) => void;
  /**
   * | state | entered | left |
   * |---|---|---|
   * | `waiting` | by `post`; when the channel ended by a message before it | it was written |
   * | `sent` | it was written | the broker confirmed or refused it, or the channel ended |
   * | `returned` | the broker gave it back as unroutable | its confirm |
   * | `over` | `done` was called, or it was abandoned | never |
   */
  state: "waiting" | "sent" | "returned" | "over";
}

/** Tells its caller, if there is one still. */
export function finish(posting: Posting, error: AmqpError | null): void {
  if (posting.state === "over") return;
  posting.state = "over";
  posting.done(error);
}
