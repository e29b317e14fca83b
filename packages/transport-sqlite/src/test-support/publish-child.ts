import process from "node:process";

import { silentLog, systemClock } from "@lovage/foundation";

import { SqliteStore } from "../store.ts";

/** Publishes batches of ten until it is killed, and tells after each how many were accepted. */
const store = new SqliteStore({
  path: process.argv[2] ?? "",
  clock: systemClock,
  log: silentLog,
  synchronous: "full",
  maxMessageBytes: 262_144,
});
await store.open({ wake: () => {}, deliver: () => {}, lost: () => {} });
await store.declare([{ name: "q" }]);
for (let accepted = 1; ; accepted += 1) {
  const batch = Array.from({ length: 10 }, (_, index) => ({
    to: "q",
    headers: {},
    properties: { messageId: `${accepted}:${index}`, contentType: "text/plain", contentEncoding: "utf-8" },
    body: Buffer.alloc(500),
  }));
  await store.publish(batch);
  process.send?.(accepted);
  await systemClock.sleep(0);
}
