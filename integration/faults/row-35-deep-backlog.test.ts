import { randomUUID } from "node:crypto";
import type { Connection, OutgoingMessage } from "@lovage/transport";
import { expect } from "vitest";
import { recordFigures, sound } from "../figures/record-figures.ts";
import { residentBytes } from "../processes/resident-bytes.ts";
import { depth } from "../scene/depth.ts";
import { fault } from "../scene/fault.ts";

const shallow = 1_000;
const many = depth.name === "full" ? 1_000_000 : 50_000;
const batch = 1_000;
const samples = 300;
const growthBytes = 50 * 2 ** 20;

function message(to: string): OutgoingMessage {
  const id = randomUUID();
  const properties = {
    messageId: `${id}:0`,
    correlationId: id,
    contentType: "application/json",
    contentEncoding: "utf-8",
  };
  const headers = { lang: "js", task: "load.wait", id, root_id: id, retries: 0, argsrepr: "", kwargsrepr: "" };
  return { to, headers, properties, body: Buffer.from("[[200],{},{}]") };
}

async function fill(connection: Connection, queue: string, count: number): Promise<void> {
  for (let sent = 0; sent < count; sent += batch) {
    await connection.publish(Array.from({ length: batch }, () => message(queue)));
  }
}

/** How long it takes from one acknowledgement to the next delivery; the 99th of a hundred. */
async function fetchMs(connection: Connection, queue: string): Promise<number> {
  const taken: number[] = [];
  const enough = Promise.withResolvers<void>();
  let askedAtMs = performance.now();
  const consumer = await connection.consume({
    queue,
    prefetch: 1,
    onDelivery: (delivery) => {
      taken.push(performance.now() - askedAtMs);
      const settled = delivery.ack();
      askedAtMs = performance.now();
      if (taken.length === samples) settled.then(enough.resolve, enough.reject);
      else settled.catch(enough.reject);
    },
  });
  await enough.promise;
  await consumer.close();
  return taken.toSorted((a, b) => a - b)[Math.floor(samples * 0.99)]!;
}

fault(35, "a deep backlog makes fetching no slower, and a slow worker no larger", async (scene) => {
  const deep = scene.bulk(many);
  const connection = await scene.openTransport();
  await connection.declare({ queues: [{ name: "shallow" }, { name: "default" }] });
  await fill(connection, "shallow", shallow);
  await fill(connection, "default", deep);
  const shallowMs = await fetchMs(connection, "shallow");
  const deepMs = await fetchMs(connection, "default");
  if (scene.hasProcesses) {
    const worker = await scene.startWorker();
    await scene.untilFinished(8);
    const before = residentBytes(worker.pid);
    await scene.untilFinished(100);
    expect(residentBytes(worker.pid) - before, "bytes").toBeLessThan(growthBytes);
  }
  recordFigures({
    row: 35,
    broker: scene.broker,
    fault: `${deep} messages wait`,
    ...sound(deep),
    // A tick of the machine is no growth.
    timings: [{ name: "next message, 99 of 100", measuredMs: deepMs, limitMs: 2 * Math.max(shallowMs, 2) }],
  });
});
