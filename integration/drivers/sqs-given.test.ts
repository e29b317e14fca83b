import { randomUUID } from "node:crypto";
import type { Delivery } from "@lovage/transport";
import { expect, it, onTestFinished, vi } from "vitest";
import { eventually } from "../processes/eventually.ts";
import { describeOwnServer } from "../services/describe-own-server.ts";
import { askSqs } from "../services/sqs/ask-sqs.ts";
import { givenHarness } from "./sqs/given-harness.ts";

/** By its URL alone, as AWS is: what the suites of `sqs.test.ts` and `sqs-fifo.test.ts` are given where the environment names one. */
describeOwnServer(
  "sqs",
  (start) => {
    it.each(["standard", "FIFO"] as const)(
      "the SQS that the environment names: a case makes its %s queues, uses them and deletes them, and no others",
      async (kind) => {
        await using server = await start();
        for (const name of ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"]) vi.stubEnv(name, "test");
        onTestFinished(() => void vi.unstubAllEnvs());
        const endpoint = new URL(`http://127.0.0.1:${server.port}`);
        const [ours, theirs] = await Promise.all(
          ["ours-", "theirs-"].map((prefix) => givenHarness(kind, endpoint, prefix)),
        );
        const queue = ours!.newName?.() ?? `case-${randomUUID().slice(0, 8)}`;
        const [connection, other] = await Promise.all([ours!.open(), theirs!.open()]);
        for (const each of [connection, other]) await each.declare({ queues: [{ name: queue }] });
        const properties = { messageId: "m", contentType: "text/plain", contentEncoding: "utf-8" };
        await connection.publish([{ to: queue, headers: {}, properties, body: new Uint8Array() }]);
        const held: Delivery[] = [];
        await connection.consume({ queue, prefetch: 1, onDelivery: (delivery) => void held.push(delivery) });
        await eventually(() => held.length > 0, { what: "a delivery", withinMs: 20_000 });
        await held[0]!.ack();
        await Promise.all([connection.close(), other.close()]);
        await ours!.close();
        const { body } = await askSqs(endpoint, "ListQueues", {});
        const { QueueUrls = [] } = JSON.parse(body) as { readonly QueueUrls?: readonly string[] };
        expect(QueueUrls.length).toBeGreaterThan(0);
        expect(QueueUrls.filter((url) => !url.includes("/theirs-"))).toEqual([]);
      },
    );
  },
  ["private"],
);
