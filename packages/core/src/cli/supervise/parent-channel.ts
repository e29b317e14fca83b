import type { Report } from "../http/report.ts";
import { isOurs } from "./channel.ts";
import type { Message, Order } from "./channel.ts";

/** What a worker process does when its parent says so. */
export interface Obedience {
  /** Stop within the grace; `undefined`: the one of the app. */
  readonly onStop: (reason: string, graceMs: number | undefined) => void;
  readonly onLeave: () => void;
  readonly report: () => Promise<Report>;
}

/** The way to the parent, from inside a worker process that the parent has forked. */
export class ParentChannel {
  readonly #onMessage: (message: unknown) => void;
  readonly #onDisconnect: () => void;

  /** Begins to obey. A parent that is gone already counts as one that says stop. */
  constructor(obedience: Obedience) {
    this.#onMessage = (message) => {
      if (isOurs(message)) this.#obey(message as Order, obedience);
    };
    this.#onDisconnect = () => obedience.onStop("the parent process is gone", undefined);
    process.on("message", this.#onMessage);
    process.on("disconnect", this.#onDisconnect);
    if (!process.connected) this.#onDisconnect();
  }

  /** Tells the parent that tasks are taken. */
  started(): void {
    this.#send({ lovage: "started" });
  }

  /** Ends the obedience; the channel itself ends with the process. Idempotent. */
  close(): void {
    process.off("message", this.#onMessage);
    process.off("disconnect", this.#onDisconnect);
  }

  #obey(order: Order, { onStop, onLeave, report }: Obedience): void {
    if (order.lovage === "stop") onStop("the parent process says so", order.graceMs);
    else if (order.lovage === "leave") onLeave();
    else void report().then((given) => this.#send({ lovage: "report", id: order.id, report: given }));
  }

  #send(message: Message): void {
    // A parent that is just going away is noticed by the end of the channel; what was said to it does not matter then.
    if (process.connected) process.send?.(message, undefined, {}, () => {});
  }
}
