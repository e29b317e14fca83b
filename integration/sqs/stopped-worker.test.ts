import { createApp } from "lovage";
import { expect, it, onTestFinished } from "vitest";
import { eventually } from "../processes/eventually.ts";
import { describeOwnServer } from "../services/describe-own-server.ts";
import { SqsGateway } from "./sqs-gateway.ts";

describeOwnServer("sqs", (start) => {
  it("a worker that stops while it waits takes no task with it", { timeout: 120_000 }, async () => {
    await using server = await start();
    await using gateway = await SqsGateway.open(server.port);
    // A poll waits for 10 s, and what it takes is hidden for 15 s.
    const broker = { url: gateway.url, lease: "15s" } as const;
    const stopping = createApp({ name: "stopping", broker, backend: "memory:", logLevel: "warn" });
    onTestFinished(() => stopping.close());
    stopping.task("stopped.count", () => {});
    const worker = stopping.worker();
    await worker.start();
    await eventually(() => gateway.calls.has("ReceiveMessage"), { what: "a poll", withinMs: 30_000 });
    await worker.stop();
    await stopping.close();

    const app = createApp({ name: "next", broker, backend: "memory:", logLevel: "warn" });
    onTestFinished(() => app.close());
    const deliveries: (readonly [attempt: number, redelivered: boolean])[] = [];
    const count = app.task("stopped.count", { bind: true }, ({ delivery }) => {
      deliveries.push([delivery.count, delivery.redelivered]);
    });
    await count.delay();
    const next = app.worker();
    await next.start();
    await eventually(() => deliveries.length > 0, { what: "the task to run", withinMs: 60_000 });
    expect(deliveries).toEqual([[1, false]]);
    await next.stop({ timeout: 0 });
  });
});
