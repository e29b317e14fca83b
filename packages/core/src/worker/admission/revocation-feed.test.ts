import type { Results, RevocationsOptions } from "@lovage/backend";
import type { Broadcast, Message } from "@lovage/transport";
import { expect, test } from "vitest";
import { encodeRevoke } from "../../control/revoke-message.ts";
import { recordedLog } from "../../test-support/recorded-log.ts";
import { RevocationFeed } from "./revocation-feed.ts";
import { Revocations } from "./revocations.ts";

const pages = (ids: readonly string[], limit: number) => {
  const asked: (string | undefined)[] = [];
  const results = {
    revocations: async ({ after }: RevocationsOptions) => {
      asked.push(after);
      const from = Number(after ?? 0);
      const taskIds = ids.slice(from, from + limit);
      return { taskIds, cursor: String(from + taskIds.length) };
    },
  } as unknown as Results;
  return { asked, results };
};

test("reads all pages, and later only what is new", async () => {
  const ids = Array.from({ length: 25_000 }, (_, n) => `task-${n}`);
  const { asked, results } = pages(ids, 10_000);
  const revocations = new Revocations(() => {});
  const feed = new RevocationFeed({ revocations, node: "w", log: recordedLog(), results, broadcast: undefined });
  await feed.open();
  expect([revocations.size, asked]).toEqual([25_000, [undefined, "10000", "20000"]]);
  ids.push("late");
  await Promise.all([feed.read(), feed.read()]);
  expect([revocations.has("late"), asked.slice(3)]).toEqual([true, ["25000"]]);
  await feed.close();
});

test("hears commands for its worker from when it is open until it is closed", async () => {
  const listeners = new Set<(message: Message) => void>();
  const broadcast: Broadcast = {
    publish: async () => {},
    subscribe: async (_channel, listener) => {
      listeners.add(listener);
      return { close: async () => void listeners.delete(listener) };
    },
  };
  const revocations = new Revocations(() => {});
  const feed = new RevocationFeed({ revocations, node: "w", log: recordedLog(), results: undefined, broadcast });
  await feed.open();
  for (const listener of listeners) listener(encodeRevoke({ taskIds: ["a", "b"], terminate: false }));
  expect([revocations.has("a"), revocations.has("b")]).toEqual([true, true]);
  await feed.close();
  expect(listeners.size).toBe(0);
  await feed.open();
  expect(listeners.size).toBe(0);
});
