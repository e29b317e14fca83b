import type { TransportHarness } from "@lovage/conformance";
import { silentLog, systemClock, validate } from "@lovage/foundation";
import type { Connection } from "@lovage/transport";
import { claimMs, driverFor, leaseMs } from "./sqs-under-test.ts";
import type { SqsUnderTest } from "./sqs-under-test.ts";

const sweepMs = 100;

/** A case's part of an SQS that is not ours: queues whose names begin so, made by the case and deleted after it. The credentials are those that the AWS SDK finds. */
export async function givenHarness(
  kind: SqsUnderTest["kind"],
  endpoint: URL,
  prefix: string,
): Promise<TransportHarness> {
  const { driver, newName } = driverFor(kind);
  const options = { endpoint: endpoint.origin, prefix, lease: leaseMs, sweep: sweepMs, createQueues: true };
  const checked = await validate(driver.options, options);
  if (checked.issues !== undefined) throw new Error(`The driver refuses its options: ${checked.issues.join("; ")}.`);
  const opening = { url: "sqs:", options: checked.value, clock: systemClock, log: silentLog, name: "conformance" };
  const open = (): Promise<Connection> => driver.open(opening);
  return {
    clock: systemClock,
    leaseMs,
    sweepMs,
    claimMs,
    open,
    ...(newName === undefined ? {} : { newName }),
    close: async () => {
      const connection = await open();
      try {
        for (const queue of await connection.admin.list()) await connection.admin.delete(queue);
      } finally {
        await connection.close();
      }
    },
  };
}
