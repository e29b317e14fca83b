import type { OutgoingMessage } from "@lovage/transport";
import { expect, test } from "vitest";

import { connectToEmulator } from "./test-support/connect-to-emulator.ts";

function message(to: string, messageId: string): OutgoingMessage {
  const properties = { messageId, contentType: "text/plain", contentEncoding: "utf-8" };
  return { to, headers: {}, properties, body: new Uint8Array() };
}

test.each([
  ["orders.fifo", 2],
  ["mail", 3],
])(
  "what is published twice under one id within five minutes is there so often in %s: with another, %i in all",
  async (queue, count) => {
    const { connection } = await connectToEmulator();
    await connection.declare({ queues: [{ name: queue }] });
    for (const id of ["one", "one", "other"]) await connection.publish([message(queue, id)]);
    expect(await connection.admin.inspect([queue])).toMatchObject([{ ready: count }]);
  },
);
