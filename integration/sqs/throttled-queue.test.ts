import { sqsTransport } from "@lovage/transport-sqs";
import { expect, it } from "vitest";

import { eventually } from "../processes/eventually.ts";
import { describeOwnServer } from "../services/describe-own-server.ts";
import { SqsGateway } from "./sqs-gateway.ts";

/** As long as calls of a throttled queue are tried in one go before they fail. */
const triedForMs = 14_000;

describeOwnServer(
  "sqs",
  (start) => {
    it(
      "a queue that SQS throttles keeps no other waiting, and is no loss of the connection",
      { timeout: 180_000 },
      async () => {
        await using server = await start();
        await using gateway = await SqsGateway.open(server.port);
        const states: string[] = [];
        const connection = await sqsTransport({ url: gateway.url, onState: (state) => void states.push(state) });
        try {
          await connection.declare({ queues: [{ name: "slow" }, { name: "quick" }] });
          const taken: string[] = [];
          for (const queue of ["slow", "quick"]) {
            const onDelivery = (
              delivery: Parameters<Parameters<typeof connection.consume>[0]["onDelivery"]>[0],
            ): void => {
              taken.push(delivery.message.properties.messageId);
              void delivery.ack();
            };
            await connection.consume({ queue, prefetch: 10, onDelivery });
          }
          gateway.set({ throttled: "slow" });
          let isSlowDone = false;
          const slow = connection.publish([message("slow", "slow")]).then(() => (isSlowDone = true));
          const began = performance.now();
          for (let number = 0; performance.now() - began < triedForMs; number += 1) {
            // Both at once: one batch for both queues would wait for the slow one.
            await Promise.all([
              connection.publish([message("quick", `a-${number}`)]),
              connection.publish([message("quick", `b-${number}`)]),
            ]);
            expect(isSlowDone).toBe(false);
            const known = number;
            await eventually(() => taken.length >= 2 * (known + 1), { what: "both", withinMs: 10_000 });
          }
          gateway.set({});
          await slow;
          await eventually(() => taken.includes("slow"), { what: "the slow one", withinMs: 30_000 });
          expect(states).toEqual([]);
        } finally {
          await connection.close();
        }
      },
    );
  },
  ["private"],
);

function message(
  to: string,
  messageId: string,
): Parameters<Awaited<ReturnType<typeof sqsTransport>>["publish"]>[0][number] {
  return {
    to,
    headers: {},
    properties: { messageId, contentType: "text/plain", contentEncoding: "utf-8" },
    body: new TextEncoder().encode(messageId),
  };
}
