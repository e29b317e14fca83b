import { describeOwnServer } from "../../services/describe-own-server.ts";
import { testDriver } from "../test-driver.ts";
import { givenSqs } from "./given-sqs.ts";
import type { SqsEmulator } from "./sqs-emulator.ts";
import { claimMs, driverFor, exceptionsOf, leaseMs } from "./sqs-under-test.ts";
import type { SqsUnderTest } from "./sqs-under-test.ts";
import { testGivenSqs } from "./test-given-sqs.ts";

const sweepMs = 100;

/** The contract on a kind of queues: of the SQS that the environment names, else of an emulator of one's own. */
export function testSqs(under: SqsUnderTest, emulator: SqsEmulator): void {
  const given = emulator.service === "sqs" ? givenSqs() : undefined;
  if (given === undefined) testEmulator(under, emulator);
  else testGivenSqs(under, given);
}

function testEmulator({ kind }: SqsUnderTest, { service, rungs, except, outlivesRestarts, stress }: SqsEmulator): void {
  const { driver, newName } = driverFor(kind);
  describeOwnServer(
    service,
    (start) => {
      testDriver({
        name: `${service}, ${kind} queues`,
        start,
        transport: {
          driver,
          pace: { leaseMs, sweepMs, claimMs },
          place: ({ url }, number) => ({
            url: `sqs://test:test@${new URL(url).host}`,
            options: { prefix: `case${number}-`, lease: leaseMs, sweep: sweepMs },
            ...(newName === undefined ? {} : { newName }),
          }),
          outlivesRestarts,
          stress,
          except: { ...exceptionsOf(kind), ...except[kind] },
        },
      });
    },
    rungs,
  );
}
