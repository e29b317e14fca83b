import { SchemaPlace, type PostgresClient } from "@lovage/client-postgres";
import { silentLog } from "@lovage/foundation";
import { encodeFrame } from "@lovage/lease-engine";
import { expect, test } from "vitest";

import { PostgresBroadcast } from "./broadcast.ts";
import { placeFunctions } from "./schema/transport-schema.ts";
import { transportStatements } from "./statements.ts";

const properties = { messageId: "m", contentType: "text/plain", contentEncoding: "utf-8" };
const notified = `c\n=${Buffer.from(encodeFrame({ headers: {}, properties, body: new Uint8Array() })).toString("base64")}`;

function broadcasting(refusals: number) {
  let left = refusals;
  const listeners: ((payload: string) => void)[] = [];
  const client = {
    listen: async (_channel: string, listener: (payload: string) => void) => {
      await Promise.resolve();
      if ((left -= 1) >= 0) throw new Error("away");
      listeners.push(listener);
      return () => {};
    },
  } as unknown as PostgresClient;
  const place = new SchemaPlace(() => client, "s", placeFunctions);
  const broadcast = new PostgresBroadcast(
    { statements: transportStatements("s"), client: () => client, place },
    silentLog,
  );
  const notify = async (): Promise<void> => {
    for (const listener of listeners) listener(notified);
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { broadcast, notify };
}

test("those who subscribe at the same moment hear a message once each", async () => {
  const { broadcast, notify } = broadcasting(0);
  const heard: string[] = [];
  await Promise.all(["a", "b"].map((who) => broadcast.subscribe("c", () => heard.push(who))));
  await notify();
  expect(heard).toEqual(["a", "b"]);
});

test("who could not subscribe may try again", async () => {
  const { broadcast, notify } = broadcasting(1);
  const heard: string[] = [];
  const subscribe = (): Promise<unknown> => broadcast.subscribe("c", () => heard.push("a"));
  await expect(subscribe()).rejects.toThrow("away");
  await subscribe();
  await notify();
  expect(heard).toEqual(["a"]);
});
