import type { HeaderValue } from "@lovage/transport";

import type { WireSignature } from "./task-call.ts";

/** How one step of a workflow is to be sent, checked; instants and durations in ms. */
export interface StepSettings {
  readonly taskId?: string;
  readonly queue?: string;
  readonly priority?: number;
  /** Wait this long from the moment the step is sent. */
  readonly countdownMs?: number;
  readonly etaMs?: number;
  /** Dropped when not started this long after it was sent, or by this instant. */
  readonly expires?: { readonly inMs: number } | { readonly atMs: number };
  readonly timeLimitMs?: number;
  readonly softTimeLimitMs?: number;
  readonly ignoreResult?: boolean;
  readonly headers?: Readonly<Record<string, HeaderValue>>;
  /** Keyword arguments beside those of the signature. */
  readonly kwargs?: Readonly<Record<string, unknown>>;
  readonly shadow?: string;
  readonly key?: string;
}

/** {@link StepSettings}, with the step's place in a workflow: all that the options of a signature say (wire format, 8.1). */
export interface SignatureSettings extends Omit<StepSettings, "kwargs"> {
  readonly replyTo?: string;
  readonly groupId?: string;
  readonly groupIndex?: number;
  /** Body of the chord that the step is a header member of. */
  readonly chord?: WireSignature;
  /** Steps after this one, the next one last. */
  readonly chain?: readonly WireSignature[];
  readonly callbacks?: readonly WireSignature[];
  readonly errbacks?: readonly WireSignature[];
  readonly stamps?: Readonly<Record<string, HeaderValue>>;
}
