import { randomUUID } from "node:crypto";
import type { TransportDriver } from "@lovage/transport";
import { transport } from "@lovage/transport-sqs";
import { fifoDriver } from "./fifo-driver.ts";

/** What is tested. */
export interface SqsUnderTest {
  readonly kind: "standard" | "FIFO";
}

/** What the driver is opened with. */
type SqsOptions = typeof transport extends TransportDriver<infer O> ? O : never;

/** SQS counts in whole seconds, and every operation is a request over HTTP. */
export const leaseMs = 4_000;

/** A poll that was cut off waits on for two thirds of a lease, in whole seconds; and what takes a request its time. */
export const claimMs = 3_000;

/** What SQS cannot do and no capability says. */
const never = {
  "dead letters: dead letters are dropped once their retention has passed": "SQS keeps messages for at least a minute",
  "delay: delayed messages come in the order they are due": "SQS delays by whole seconds",
  "admin: purge removes what waits and tells how many, and leaves what is unsettled":
    "SQS can remove what is delayed only together with what is unsettled",
  "redelivery: what was settled before the crash stays settled":
    "a poll that is under way when its process dies takes a message with it, which counts as a loss",
};

/** What FIFO queues cannot do and no capability says. */
const neverInFifo = {
  "admin: browsing delivers nothing, locks nothing and counts nothing":
    "a message that was looked at keeps its place in a FIFO queue, and so its count of receives",
};

/** Cases that queues of this kind cannot pass, with the reasons. */
export function exceptionsOf(kind: SqsUnderTest["kind"]): Readonly<Record<string, string>> {
  return { ...never, ...(kind === "FIFO" ? neverInFifo : {}) };
}

/** The driver for a kind of queues, and names for them. */
export function driverFor(kind: SqsUnderTest["kind"]): {
  readonly driver: TransportDriver<SqsOptions>;
  readonly newName?: () => string;
} {
  if (kind === "standard") return { driver: transport };
  return { driver: fifoDriver, newName: () => `conformance-${randomUUID().slice(0, 13)}.fifo` };
}
