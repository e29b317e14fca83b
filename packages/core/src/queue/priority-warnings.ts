import { quoteValue } from "@lovage/foundation";
import type { Connection } from "@lovage/transport";

type Queues = Pick<Connection, "capabilitiesOf">;

/** A call, or the calls of a task. */
interface Prioritised {
  readonly queue: string;
  readonly task: unknown;
  /** @default 0 */
  readonly priority?: number | undefined;
}

/** Tells an operator, once for each queue, of priorities that a queue disregards. */
export class PriorityWarnings {
  readonly #warn: (message: string, fields: Record<string, unknown>) => void;
  readonly #asked = new Set<string>();

  constructor(warn: (message: string, fields: Record<string, unknown>) => void) {
    this.#warn = warn;
  }

  /** @param queues Where the queue is declared: before that nobody knows what it can do. */
  check(queues: Queues, { queue, task, priority = 0 }: Prioritised): void {
    if (priority === 0 || this.#asked.has(queue)) return;
    this.#asked.add(queue);
    if (queues.capabilitiesOf(queue).priorities) return;
    this.#warn(
      `Queue "${queue}" has no priorities in this broker: priority ${priority} of task ${quoteValue(task)} makes no call come first. Give urgent tasks a queue of their own, or choose a queue that has priorities where the broker's page in the docs names one.`,
      { code: "priority-disregarded", queue, task },
    );
  }
}
