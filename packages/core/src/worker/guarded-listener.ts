import type { Log } from "@lovage/foundation";
import type { WorkerListener } from "./worker-options.ts";

/** A listener whose errors are told in the log: a run that is looked at ends whatever becomes of the one who looks. */
export function guardedListener(listener: WorkerListener, log: Log): WorkerListener {
  const guard = (tell: () => void): void => {
    try {
      tell();
    } catch (error) {
      log.error("A function of the worker's listener threw.", { error });
    }
  };
  return {
    onTaskStarted: (call) => guard(() => listener.onTaskStarted?.(call)),
    onTaskEnded: (call, outcome) => guard(() => listener.onTaskEnded?.(call, outcome)),
    onExhausted: () => guard(() => listener.onExhausted?.()),
  };
}
