import { deepEqual, equal, ok } from "node:assert/strict";
import type { Capabilities, QueueCapabilities } from "@lovage/transport";
import { expectCode } from "../expect-code.ts";
import { needsServerTime } from "../requirement.ts";
import type { Concern } from "../transport-case.ts";

const words: { readonly [name in keyof Capabilities]?: readonly string[] } = {
  reach: ["process", "machine", "network"],
  durability: ["none", "process", "power", "node"],
  fencing: ["token", "connection", "deadline"],
  recovery: ["lease", "connection"],
  order: ["queue", "key", "none"],
  exchanges: ["native", "stored", "app"],
  browse: ["all", "head"],
};
const flags = ["priorities", "fairness", "atomicHandOver", "atomicPublish", "broadcast", "countsLosses"] as const;
const ofQueues: readonly (keyof QueueCapabilities)[] = [
  "durability",
  "fencing",
  "order",
  "priorities",
  "fairness",
  "delayHorizonMs",
  "atomicHandOver",
  "countsLosses",
  "maxMessageBytes",
];

/** What the transport says of itself is well formed. */
export const capabilitiesConcern: Concern = {
  name: "capabilities",
  cases: [
    {
      name: "every capability is one of the words, flags and numbers of the contract",
      async run({ capabilities }) {
        for (const [name, allowed] of Object.entries(words)) {
          const value = capabilities[name as Exclude<keyof Capabilities, "hold">];
          ok(allowed.includes(String(value)), `${name} is ${String(value)}`);
        }
        for (const name of flags) equal(typeof capabilities[name], "boolean", name);
        const { delayHorizonMs, maxMessageBytes, transactions } = capabilities;
        ok(delayHorizonMs > 0 && !Number.isNaN(delayHorizonMs), `delayHorizonMs is ${delayHorizonMs}`);
        ok(Number.isSafeInteger(maxMessageBytes) && maxMessageBytes > 0, `maxMessageBytes is ${maxMessageBytes}`);
        ok(transactions === null || transactions.length > 0, "transactions is an empty text");
        await Promise.resolve();
      },
    },
    {
      name: "a queue's capabilities are those of the connection where it declares nothing of its own",
      async run(scene) {
        const of = scene.connection.capabilitiesOf(await scene.queue());
        for (const name of ofQueues) equal(typeof of[name], typeof scene.capabilities[name], name);
        deepEqual(scene.connection.capabilitiesOf(scene.newName()).order, scene.capabilities.order);
      },
    },
    {
      name: "two connections to one broker have the same capabilities",
      async run(scene) {
        deepEqual({ ...(await scene.open()).capabilities }, { ...scene.capabilities });
      },
    },
    {
      name: "the broker's time goes on, and is told after a close no more",
      needs: [needsServerTime],
      async run(scene) {
        const connection = await scene.open();
        const askTime = async (): Promise<number> => (await connection.serverTimeMs?.()) ?? Number.NaN;
        const [firstMs, secondMs] = [await askTime(), await askTime()];
        ok(firstMs > Date.UTC(2020, 0, 1) && secondMs >= firstMs, `${firstMs}, then ${secondMs}`);
        await connection.close();
        await expectCode(askTime(), "CLOSED");
      },
    },
    {
      name: "an open connection says so",
      async run(scene) {
        equal(scene.connection.state, "open");
        await Promise.resolve();
      },
    },
  ],
};
