import { silentLog, type Log } from "@lovage/foundation";
import type { ClaimedMessage, LeaseStore, RoutedMessage } from "@lovage/lease-engine";
import type { QueueDeclaration } from "@lovage/transport";
import { onTestFinished } from "vitest";

import { beside, openedStore } from "./opened-store.ts";

/** Kombu's lists of a queue, by the step of their priority. */
export function listOf(queue: string, step: 0 | 3 | 6 | 9 = 0): string {
  return step === 0 ? queue : `${queue}\u0006\u0016${step}`;
}

/** An envelope as Celery's producers write it. */
export function envelope(id: string, change: Readonly<Record<string, unknown>> = {}): string {
  return JSON.stringify({
    body: Buffer.from('[[2, 3], {}, {"callbacks": null, "errbacks": null, "chain": null, "chord": null}]').toString(
      "base64",
    ),
    "content-encoding": "utf-8",
    "content-type": "application/json",
    headers: { lang: "py", task: "tasks.add", id, retries: 0, timelimit: [null, null], argsrepr: "(2, 3)" },
    properties: {
      correlation_id: id,
      reply_to: "5c2d338e-527a-3b1b-9e22-8c2c52abec2b",
      delivery_mode: 2,
      delivery_info: { exchange: "", routing_key: "q" },
      priority: 0,
      body_encoding: "base64",
      delivery_tag: `tag-${id}`,
    },
    ...change,
  });
}

/** A message of ours. */
export function message(id: string, rest: Partial<RoutedMessage> = {}): RoutedMessage {
  const properties = { messageId: id, contentType: "application/json", contentEncoding: "utf-8", priority: 0 };
  return { to: "q", headers: {}, properties, body: Buffer.from("[]"), ...rest };
}

/** What messages are called: by their task, else by themselves. */
export function idsOf(messages: readonly ClaimedMessage[]): unknown[] {
  return messages.map(({ message: { headers, properties } }) => headers["id"] ?? properties.messageId);
}

/** A store with a queue, beside a client that acts as Python does. All of it is gone after the test. */
export interface KombuBench {
  readonly store: LeaseStore;
  /** Queues that the store was woken for. */
  readonly woken: (string | undefined)[];
  tell(command: string, ...args: readonly (string | number)[]): Promise<unknown>;
  /** What a list holds, the oldest first. */
  list(name: string): Promise<string[]>;
  claim(max?: number, leaseMs?: number): Promise<readonly ClaimedMessage[]>;
}

export async function kombuBench(
  url: string,
  queue: Partial<QueueDeclaration>,
  { log = silentLog, globalKeyPrefix = "" }: { readonly log?: Log; readonly globalKeyPrefix?: string } = {},
): Promise<KombuBench> {
  const { store } = openedStore(url, { log, globalKeyPrefix });
  const woken: (string | undefined)[] = [];
  const other = await beside(url);
  onTestFinished(async () => {
    other.close();
    await store.close();
  });
  await other.call("FLUSHALL", []);
  await store.open({ wake: (name) => woken.push(name), deliver: () => {}, lost: () => {} });
  await store.declare([{ name: "q", ...queue }]);
  const tell: KombuBench["tell"] = (command, ...args) => other.call(command, args);
  return {
    store,
    woken,
    tell,
    list: async (name) => ((await tell("LRANGE", name, 0, -1)) as Buffer[]).map(String).toReversed(),
    claim: async (max = 10, leaseMs = 30_000) =>
      (await store.claim({ queue: "q", max, leaseMs, suspects: false })).messages,
  };
}

/** A further store on the server, as in another program; nothing is declared on it. */
export async function secondStore(url: string): Promise<LeaseStore> {
  const { store } = openedStore(url);
  onTestFinished(() => store.close());
  await store.open({ wake: () => {}, deliver: () => {}, lost: () => {} });
  return store;
}
