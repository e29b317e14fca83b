import { expect, test } from "vitest";
import { askServer } from "../../postgres/ask-server.ts";
import { describeOwnServer } from "../../services/describe-own-server.ts";
import { message, openedStore } from "./opened-store.ts";
import { postgresServer } from "./postgres-server.ts";

describeOwnServer("postgres", (start) => {
  const server = postgresServer(start);

  test("messages are read as they were sent where the database writes bytes in its old form", async () => {
    const { url } = server();
    await askServer(url, (client) => client.query("ALTER ROLE CURRENT_USER SET bytea_output = 'escape'"));
    const store = await openedStore({ url });
    const body = Uint8Array.from({ length: 256 }, (_, byte) => byte);
    await store.publish([message("a", { body })]);
    const { messages } = await store.claim({ queue: "q", max: 1, leaseMs: 30_000, suspects: false });
    expect(messages[0]?.message.properties.messageId).toBe("a");
    expect(Buffer.from(messages[0]?.message.body ?? [])).toEqual(Buffer.from(body));
  });
});
