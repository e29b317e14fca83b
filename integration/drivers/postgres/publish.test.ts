import { expect, test } from "vitest";
import type { PostgresStore } from "../../../packages/transport-postgres/src/store.ts";
import { describeOwnServer } from "../../services/describe-own-server.ts";
import { message, openedStore } from "./opened-store.ts";
import { postgresServer } from "./postgres-server.ts";

async function claimedIds(store: PostgresStore): Promise<readonly (string | undefined)[]> {
  const { messages } = await store.claim({ queue: "q", max: 1_000, leaseMs: 30_000, suspects: false });
  return messages.map((each) => each.message.properties.messageId);
}

describeOwnServer("postgres", (start) => {
  const server = postgresServer(start);

  test("batches of defaults, batches of others and messages that come alone are one line, in the order in which they were sent", async () => {
    const store = await openedStore({ url: server().url });
    const ids = Array.from({ length: 300 }, (_, index) => `m${index}`);
    await store.publish(ids.slice(0, 200).map((id) => message(id)));
    await store.publish([message(ids[200]!)]);
    await store.publish([...ids.slice(201, 250).map((id) => message(id)), message("urgent", { priority: 9 })]);
    await store.publish(ids.slice(250).map((id) => message(id, { priority: 0 })));
    expect(await claimedIds(store)).toEqual(["urgent", ...ids]);
  });

  test("a queue that somebody has deleted is made again by a batch, which loses nothing", async () => {
    const store = await openedStore({ url: server().url });
    await store.admin.delete("q");
    await store.publish([message("a"), message("b")]);
    expect(await store.admin.list()).toEqual(["q"]);
    expect(await claimedIds(store)).toEqual(["a", "b"]);
  });
});
