import type { Options } from "@lovage/client-amqp";
import { isAmqpError } from "@lovage/client-amqp";

import type { QueueForms } from "../wire/queue-form.ts";
import type { OnChannel } from "./step-channel.ts";

/** Declares queues that may exist in another form than they are made in now, and are used as they are: to refuse them would stop a deployment. */
export class QueueAssertions {
  /** Those that exist in another form than the first. */
  readonly #others = new Map<string, Options.AssertQueue>();

  /** How a queue was made that is declared in these forms. */
  formOf(name: string, forms: QueueForms): Options.AssertQueue {
    return this.#others.get(name) ?? forms[0];
  }

  /** Makes a queue in the first of its forms, or finds it in any. @throws AmqpError, as `onChannel` */
  async assert(name: string, forms: QueueForms, onChannel: OnChannel): Promise<void> {
    // Asking costs no channel, as the refusal of the first form would each time; made again, it is to have that one.
    if (this.#others.has(name) && (await isThere(name, onChannel))) return;
    this.#others.delete(name);
    const last = forms.at(-1);
    for (const form of forms) {
      try {
        await onChannel((channel) => channel.assertQueue(name, form));
        if (form !== forms[0]) this.#others.set(name, form);
        return;
      } catch (error) {
        if (!isAmqpError(error) || error.kind !== "mismatch" || form === last) throw error;
      }
    }
  }
}

async function isThere(name: string, onChannel: OnChannel): Promise<boolean> {
  try {
    await onChannel((channel) => channel.checkQueue(name));
    return true;
  } catch (error) {
    if (isAmqpError(error) && error.kind === "missing") return false;
    throw error;
  }
}
