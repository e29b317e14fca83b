import { randomUUID } from "node:crypto";
import { stressTransport, testTransport, testTransportModel } from "@lovage/conformance";
import type { TransportHarness } from "@lovage/conformance";
import { afterAll, describe, it } from "vitest";
import { givenHarness } from "./given-harness.ts";
import { exceptionsOf } from "./sqs-under-test.ts";
import type { SqsUnderTest } from "./sqs-under-test.ts";

/** Each call goes out to the internet, and counts are right a while after the last change. */
const caseTimeoutMs = 300_000;

/**
 * The contract on the SQS that the environment names, with the credentials that the AWS SDK finds. Each case makes its own queues and deletes
 * them. The network between us and it is not ours to cut, so that cases which need that are not run, and say so.
 */
export function testGivenSqs({ kind }: SqsUnderTest, endpoint: URL): void {
  const run = `lovage-${randomUUID().slice(0, 8)}`;
  let cases = 0;
  const make = (): Promise<TransportHarness> => givenHarness(kind, endpoint, `${run}-${(cases += 1)}-`);
  const name = `sqs at ${endpoint.host}, ${kind} queues`;
  const suite = { runner: { afterAll, describe, it }, name, make };
  const except = exceptionsOf(kind);
  testTransport({ ...suite, except, concurrent: true, caseTimeoutMs });
  testTransportModel({ ...suite, runs: 3, maxCommands: 25, endOnFailure: true });
  stressTransport({ ...suite, except, rounds: 1, parallel: 4, load: { producers: 4, consumers: 4, each: 200 } });
}
