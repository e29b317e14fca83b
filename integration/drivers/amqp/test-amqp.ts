import { transport } from "@lovage/transport-amqp";
import { describeOwnServer } from "../../services/describe-own-server.ts";
import type { OwnServer } from "../../services/service.ts";
import { testDriver } from "../test-driver.ts";

/** Leases are connections here, which heartbeats keep: a silent one is found after two or three of them. */
const pace = {
  leaseMs: 6_000,
  sweepMs: 200,
  // A starting node passes on what is due before it knows its exchanges, and tries again every three minutes:
  // https://github.com/rabbitmq/rabbitmq-server/issues/12625
  lateAfterRestartMs: 185_000,
};
const caseTimeoutMs = 300_000;

/** The contract on a kind of queues. `LOVAGE_TEST_RUNG` chooses the server: 3.10 where it is installed, 4 as a container. */
export function testAmqp(options: { readonly queueType: "quorum" | "classic"; readonly maxPriority?: number }): void {
  describeOwnServer("rabbitmq", (start) => {
    testDriver({
      name: `amqp, ${options.queueType} queues`,
      start,
      transport: {
        driver: transport,
        place: () => ({ options: { ...options, heartbeat: 2_000, sweep: pace.sweepMs } }),
        // What comes for a consumer that it has let go of: https://github.com/rabbitmq/rabbitmq-server/issues/3729
        pace: { ...pace, countsLateArrivals: options.queueType === "quorum" },
        restart,
        caseTimeoutMs,
      },
    });
  });
}

/** Orderly: a quorum queue that was declared just before its only node is killed does not come back. */
async function restart(server: OwnServer, keepsData: boolean): Promise<void> {
  await server.restart({ keepsData });
}
