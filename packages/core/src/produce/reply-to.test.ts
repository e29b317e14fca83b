import { BackendUnavailableError } from "@lovage/backend";
import type { Backend } from "@lovage/backend";
import { expect, test, vi } from "vitest";
import { createApp } from "../app/create-app.ts";
import { runtimeOf } from "../app/runtime-of.ts";
import { fakeConnection } from "../test-support/fake-connection.ts";
import { recordedLog } from "../test-support/recorded-log.ts";

test("calls name the queue for results once the backend that knows it is back", async () => {
  const rpcLike = { sweep: async () => 0, close: async () => {}, results: { replyTo: "me.reply" } };
  const connection = fakeConnection();
  const app = createApp({ broker: connection, log: recordedLog(), backend: rpcLike as unknown as Backend });
  const task = app.task("t", () => 1);
  const lastReplyTo = () => connection.published.at(-1)?.properties.replyTo;
  vi.spyOn(runtimeOf(app), "backend").mockRejectedValueOnce(new BackendUnavailableError("away"));
  await task.delay();
  expect(lastReplyTo()).toBeUndefined();
  await vi.waitUntil(() => task.delay().then(() => lastReplyTo() === "me.reply"), { timeout: 20_000 });
});
