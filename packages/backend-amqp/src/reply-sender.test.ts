import { EventEmitter } from "node:events";
import { AmqpError, type AmqpErrorKind, type AmqpSession, type CallChannel, type Channel } from "@lovage/client-amqp";
import { silentLog, virtualClock, type VirtualClock } from "@lovage/foundation";
import { expect, test } from "vitest";

import { ReplyAddresses } from "./reply-addresses.ts";
import { ReplySender, type AddressedPut } from "./reply-sender.ts";

/** A channel of a broker that has the named queues alone. */
class PlayedBroker extends EventEmitter {
  readonly sent: string[] = [];
  readonly queues = new Set<string>();
  #key = "";

  sendMessage({ routingKey }: { readonly routingKey: string }): boolean {
    this.#key = routingKey;
    this.sent.push(routingKey);
    return true;
  }

  pushConfirmCallback(onConfirm: (error: Error | null) => void): void {
    const fields = { exchange: "", routingKey: this.#key };
    queueMicrotask(() => {
      if (!this.queues.has(fields.routingKey)) this.emit("return", { fields, properties: {} });
      onConfirm(null);
    });
  }
}

const put = (taskId: string, replyTo = "lovage.reply.x"): AddressedPut => ({
  taskId,
  state: "SUCCESS",
  document: "{}",
  fence: null,
  expiresInMs: 1_000,
  replyTo,
});

class Scene {
  readonly clock: VirtualClock = virtualClock();
  readonly broker = new PlayedBroker();
  /** What is said of a queue that is asked for. */
  found: (queue: string) => AmqpErrorKind | "there" = () => "missing";
  questions = 0;
  readonly #sender: ReplySender;

  constructor() {
    const { clock } = this;
    const channel = { checkQueue: async (queue: string) => await this.#answer(queue) } as unknown as Channel;
    const calls: Pick<CallChannel, "call"> = { call: async (_what, work) => await work(channel) };
    const addresses = new ReplyAddresses({ calls: [calls], clock, log: silentLog });
    this.#sender = new ReplySender({ clock, log: silentLog, addresses });
    this.#sender.use({
      where: "broker:5672",
      ended: new AbortController().signal,
      isBlocked: false,
      onBlocked: () => {},
      confirmChannel: async () => await Promise.resolve(this.broker),
    } as unknown as AmqpSession);
  }

  async send(...puts: AddressedPut[]): Promise<unknown> {
    const sending = this.#sender.send(puts).then(
      () => "accepted",
      (error: unknown) => (error as { readonly code: unknown }).code,
    );
    await this.clock.advance(10);
    return await sending;
  }

  close(): void {
    this.#sender.close();
    expect(this.clock.pending).toBe(0);
  }

  async #answer(queue: string): Promise<void> {
    this.questions += 1;
    await this.clock.sleep(1);
    const found = this.found(queue);
    if (found !== "there") throw new AmqpError("why", { kind: found });
  }
}

/** Sends two results; `found`: what is said of their queue when it is asked for. */
async function send(
  found: AmqpErrorKind | "there",
): Promise<{ readonly outcome: unknown; readonly questions: number }> {
  const scene = new Scene();
  scene.found = () => found;
  const outcome = await scene.send(put("a"), put("b"));
  scene.close();
  expect(scene.broker.sent).toHaveLength(2);
  return { outcome, questions: scene.questions };
}

test.each(["missing", "locked", "denied"] as const)(
  "results for somebody who is gone are dropped, and he is asked for once (%s)",
  async (found) => {
    expect(await send(found)).toEqual({ outcome: "accepted", questions: 1 });
  },
);

test.each(["down", "unavailable", "there"] as const)(
  "results for a queue that is away with its node are to be sent again (%s)",
  async (found) => {
    expect(await send(found)).toEqual({ outcome: "BACKEND_UNAVAILABLE", questions: 1 });
  },
);

test("whoever repeats results after a failure sends those again that were not accepted, and no others", async () => {
  const scene = new Scene();
  const { queues, sent } = scene.broker;
  const puts = ["here", "gone", "away"].map((replyTo) => put(`to ${replyTo}`, replyTo));
  queues.add("here");
  scene.found = (queue) => (queue === "away" ? "down" : "missing");
  expect(await scene.send(...puts)).toBe("BACKEND_UNAVAILABLE");
  expect(sent.splice(0)).toEqual(["here", "gone", "away"]);
  expect(await scene.send(...puts)).toBe("BACKEND_UNAVAILABLE");
  expect(sent.splice(0)).toEqual(["away"]);
  queues.add("away");
  expect(await scene.send(...puts)).toBe("accepted");
  expect(sent.splice(0)).toEqual(["away"]);
  // No failure came before it: it is another record.
  expect(await scene.send(...puts)).toBe("accepted");
  expect(sent).toEqual(["here", "gone", "away"]);
  scene.close();
});
