import { LovageError } from "@lovage/foundation";
import type { CallSender } from "./call-sender.ts";

/**
 * The apps that a task made by `defineTask` is bound to. Workers of all of them run it; its calls go through the one that bound it last and is
 * not closed.
 */
export class TaskBindings {
  readonly #task: string;
  #senders: readonly CallSender[] = [];

  constructor(task: string) {
    this.#task = task;
  }

  bind(sender: CallSender): void {
    this.unbind(sender);
    this.#senders = [...this.#senders, sender];
  }

  unbind(sender: CallSender): void {
    this.#senders = this.#senders.filter((bound) => bound !== sender);
  }

  /** What calls go through. @throws TASK_UNBOUND */
  current(): CallSender {
    const sender = this.#senders.at(-1);
    if (sender !== undefined) return sender;
    throw new LovageError(
      `Task "${this.#task}" belongs to no open app: give it to one, createApp({ tasks: [task] }), before it is sent.`,
      { code: "TASK_UNBOUND" },
    );
  }
}
