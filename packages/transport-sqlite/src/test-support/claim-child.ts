import process from "node:process";

import { silentLog, systemClock } from "@lovage/foundation";

import { SqliteStore } from "../store.ts";

/** Claims and acknowledges until nothing is left for a while, and tells what it has acknowledged; `hold` keeps what it claimed. */
const [path = "", mode = "drain"] = process.argv.slice(2);
const store = new SqliteStore({
  path,
  clock: systemClock,
  log: silentLog,
  synchronous: "full",
  maxMessageBytes: 262_144,
});
await store.open({ wake: () => {}, deliver: () => {}, lost: () => {} });
await store.declare([{ name: "q" }]);

const acknowledged: string[] = [];
for (let empty = 0; empty < 20;) {
  const { messages } = await store.claim({
    queue: "q",
    max: 7,
    leaseMs: mode === "hold" ? 300 : 30_000,
    suspects: false,
  });
  if (messages.length === 0) {
    empty += 1;
    await systemClock.sleep(10);
    continue;
  }
  empty = 0;
  if (mode === "hold") {
    process.send?.(messages.map(({ message }) => message.properties.messageId));
    await systemClock.sleep(Number.POSITIVE_INFINITY);
  }
  const lost = await store.settle(
    "q",
    messages.map(({ lease }) => ({ kind: "ack", lease })),
  );
  if (lost !== null) throw new Error("A lease was lost that nobody could have taken.");
  acknowledged.push(...messages.map(({ message }) => message.properties.messageId));
  // Another program may come first.
  await systemClock.sleep(0);
}
await store.close();
process.send?.(acknowledged);
process.disconnect();
