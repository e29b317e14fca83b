import { sqsTransport } from "@lovage/transport-sqs";
import { expect, it } from "vitest";
import { eventually } from "../processes/eventually.ts";
import { describeOwnServer } from "../services/describe-own-server.ts";
import { SqsGateway } from "./sqs-gateway.ts";
import { sqsOfRun } from "./sqs-of-run.ts";

const count = 600;

/** Thirty percent of all calls refused, a tenth of all entries of batches failing for themselves, one message in twenty handed out twice. */
const badWeather = { refused: 0.3, failedEntries: 0.1, doubled: 0.05 };

describeOwnServer(
  sqsOfRun.service,
  (start) => {
    it(
      "row 28: loses nothing and runs nothing twice while SQS throttles, fails in part and doubles",
      { timeout: 180_000 },
      async () => {
        await using server = await start();
        await using gateway = await SqsGateway.open(server.port);
        const connection = await sqsTransport({ url: gateway.url });
        try {
          await connection.declare({ queues: [{ name: "work" }, { name: "next" }] });
          gateway.set(badWeather);
          const seen = new Map<string, number>();
          const failures: unknown[] = [];
          const onDelivery = (
            delivery: Parameters<Parameters<typeof connection.consume>[0]["onDelivery"]>[0],
          ): void => {
            const { messageId } = delivery.message.properties;
            seen.set(messageId, (seen.get(messageId) ?? 0) + 1);
            // Every fourth goes on, and every tenth is given back once.
            const number = Number(messageId.split("-")[1]);
            const followUps = number % 4 === 0 && delivery.queue === "work" ? [message("next", `next-${number}`)] : [];
            const isReleased = number % 10 === 0 && !delivery.redelivered;
            const settled = isReleased ? delivery.release() : delivery.ack(followUps);
            settled.catch((error: unknown) => failures.push(error));
          };
          for (const queue of ["work", "next"]) await connection.consume({ queue, prefetch: 50, onDelivery });
          const ids = Array.from({ length: count }, (_, number) => `work-${number}`);
          await connection.publish(ids.map((id) => message("work", id)));
          const expected = count + count / 4;
          const describe = (): string => `${seen.size} of ${expected}; ${failures.length} failures`;
          await eventually(() => seen.size === expected, { what: "all of them", withinMs: 120_000, describe });
          gateway.set({});
          const empty = async (): Promise<boolean> => {
            const stats = await connection.admin.inspect(["work", "next"]);
            return stats.every(({ ready, delayed = 0, unsettled = 0 }) => ready + delayed + unsettled === 0);
          };
          await eventually(empty, { what: "empty queues", withinMs: 60_000, describe });
          expect(failures).toEqual([]);
          expect(gateway.doubles).toBeGreaterThan(0);
          expect([...seen].filter(([id, times]) => times !== timesOf(id))).toEqual([]);
        } finally {
          await connection.close();
        }
      },
    );
  },
  sqsOfRun.rungs,
);

/** Every tenth is given back once. */
function timesOf(id: string): number {
  return Number(id.split("-")[1]) % 10 === 0 ? 2 : 1;
}

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
