import type { ArgumentWriter, RedisScript, RunOptions } from "@lovage/client-redis";
import type { RoutedMessage } from "@lovage/lease-engine";

import type { Server } from "./server.ts";

/**
 * The keys that a step names before it begins, so that the server refuses it whole if the user's ACL does not allow one of them: the bases of its queues, and the
 * lists of Kombu's that it may write into.
 */
export class StepKeys {
  readonly #server: Server;
  readonly #bases = new Set<string>();
  readonly #lists = new Set<string>();

  /** @param queue The queue of the step, if it has one. */
  constructor(server: Server, queue?: string) {
    this.#server = server;
    if (queue !== undefined) this.#bases.add(server.keys.base(queue));
  }

  /** Messages that the step writes. */
  addTargets(messages: readonly RoutedMessage[]): void {
    const { keys, readers } = this.#server;
    let last: string | undefined;
    let isForCelery = false;
    for (const message of messages) {
      const { to } = message;
      if (to !== last) {
        this.#bases.add(keys.base(to));
        isForCelery = readers.areCelery(to);
        last = to;
      }
      if (isForCelery) this.#addListsOf(message);
    }
  }

  /** A queue into which the step may put back what it had: where that stood only the server knows. */
  addReturns(queue: string): void {
    if (!this.#server.readers.areCelery(queue)) return;
    for (const list of this.#server.kombu.lists(queue)) this.#lists.add(list);
  }

  /** Runs a script that has the part `named`: the last argument is its. */
  run(script: RedisScript, args: ArgumentWriter, options?: RunOptions): Promise<unknown> {
    args.add(String(this.#lists.size));
    return this.#server.connection().run(script, [...this.#bases, ...this.#lists], args, options);
  }

  #addListsOf({ to, notBefore, properties: { priority = 0 } }: RoutedMessage): void {
    const { kombu } = this.#server;
    if (notBefore === undefined) this.#lists.add(kombu.listFor(to, priority));
    // It may be due by the time it arrives, and then the server decides.
    else this.addReturns(to);
  }
}
