import { randomUUID } from "node:crypto";
import type { Connection, OutgoingMessage } from "@lovage/transport";
import { expect } from "vitest";
import { recordFigures } from "../figures/record-figures.ts";
import { eventually } from "../processes/eventually.ts";
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
    await connection.publish(Array.from({ length: Math.min(batch, count - sent) }, () => message(queue)));
  }
}

interface Fetched {
  /** How long it takes from one acknowledgement to the next delivery; the 99th of a hundred. */
  readonly nextMs: number;
  readonly acknowledged: number;
}

async function fetchSome(connection: Connection, queue: string): Promise<Fetched> {
  const taken: number[] = [];
  let acknowledged = 0;
  const enough = Promise.withResolvers<void>();
  let askedAtMs = performance.now();
  const consumer = await connection.consume({
    queue,
    prefetch: 1,
    onDelivery: (delivery) => {
      taken.push(performance.now() - askedAtMs);
      const settled = delivery.ack().then(() => (acknowledged += 1));
      askedAtMs = performance.now();
      if (taken.length === samples) settled.then(() => enough.resolve(), enough.reject);
      else settled.catch(enough.reject);
    },
  });
  await enough.promise;
  await consumer.close();
  return { nextMs: taken.toSorted((a, b) => a - b)[Math.floor(samples * 0.99)]!, acknowledged };
}

/** Waits until a queue has so many, wherever they are; not every broker counts at once what was given back to it. */
async function untilCounted(connection: Connection, queue: string, count: number): Promise<void> {
  let counted = -1;
  const isSo = async (): Promise<boolean> => {
    const [stats] = await connection.admin.inspect([queue]);
    const { ready, delayed = 0, unsettled = 0 } = stats!;
    counted = ready + delayed + unsettled;
    return counted === count;
  };
  await eventually(isSo, { what: `${count} messages in ${queue}`, withinMs: 60_000, describe: () => `${counted}` });
}

fault(
  35,
  "a deep backlog makes fetching no slower, and a slow worker no larger",
  async (scene) => {
    const deep = scene.bulk(many);
    const connection = await scene.openTransport();
    await connection.declare({ queues: [{ name: "shallow" }, { name: "default" }] });
    await fill(connection, "shallow", shallow);
    await fill(connection, "default", deep);
    const { nextMs: shallowMs } = await fetchSome(connection, "shallow");
    const { nextMs: deepMs, acknowledged } = await fetchSome(connection, "default");
    await untilCounted(connection, "default", deep - acknowledged);
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
      accepted: deep,
      // All that was not acknowledged waits. Most of it is not run here, so nobody knows how often each would be.
      lost: 0,
      interrupted: 0,
      interruptedLimit: 0,
      // A tick of the machine is no growth.
      timings: [{ name: "next message, 99 of 100", measuredMs: deepMs, limitMs: 2 * Math.max(shallowMs, 2) }],
    });
  },
  { floods: true },
);
