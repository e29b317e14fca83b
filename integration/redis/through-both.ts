import { randomUUID } from "node:crypto";
import type { Backend } from "@lovage/backend";
import type { Connection, Delivery } from "@lovage/transport";
import { expect } from "vitest";

/** Sends a message through a transport and a result through a backend, as a task does, and closes both. */
export async function throughBoth(connection: Connection, backend: Backend): Promise<void> {
  const messageId = randomUUID();
  const queue = `through-${messageId}`;
  await connection.declare({ queues: [{ name: queue }] });
  const arrived = Promise.withResolvers<Delivery>();
  await connection.consume({ queue, prefetch: 1, onDelivery: arrived.resolve });
  const properties = { messageId, contentType: "application/json", contentEncoding: "utf-8" };
  const told = Promise.withResolvers<string>();
  await backend.results?.watch([messageId], ({ state }) => told.resolve(state));
  await connection.publish([{ to: queue, headers: {}, properties, body: Buffer.from("[]") }]);
  const delivery = await arrived.promise;
  const document = JSON.stringify({ status: "SUCCESS", result: 1 });
  const put = { taskId: messageId, state: "SUCCESS", document, fence: null, expiresInMs: 60_000 };
  expect(await backend.results?.put([put])).toEqual(["stored"]);
  await delivery.ack();
  expect(await told.promise).toBe("SUCCESS");
  expect(await connection.admin.inspect([queue])).toMatchObject([{ ready: 0, unsettled: 0 }]);
  await connection.close();
  await backend.close();
}
