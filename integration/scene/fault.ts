import { test } from "vitest";
import type { Broker } from "../brokers/broker.ts";
import { brokersOfRow, chosenNames } from "../brokers/brokers.ts";
import { describeOwnServer } from "../services/describe-own-server.ts";
import { describeSharedServer } from "../services/describe-shared-server.ts";
import type { Server } from "../services/service.ts";
import { depth } from "./depth.ts";
import { Scene } from "./scene.ts";
import { serverOfFile } from "./server-of-file.ts";

/** How a scenario differs from others. */
export interface FaultOptions {
  /** At a tenth of the scale. It ends what hangs; a machine that is busy may need ten times as long as an idle one. @default 300 000 */
  readonly timeoutMs?: number;
  /** The one broker that it is about. @default all to which its row applies */
  readonly only?: Broker;
  /**
   * What the broker must allow beside its row; without it this scenario is not run. `absence`: it is away for a while. `clock`: it tells its own time.
   * `renewalThread`: a helper thread of its workers keeps what they hold.
   * `ownServer`, where it has a server: this one is ended, emptied or otherwise disturbed. With `absence` and `ownServer` the server is shared by the
   * scenarios of this file only. @default nothing: the server may be shared by all
   */
  readonly needs?: "absence" | "ownServer" | "clock" | "renewalThread";
}

/**
 * A scenario of the fault matrix, written once and run against every broker to which its row applies.
 * @param row Number of the row.
 * @param title What happens, and what must come of it.
 */
export function fault(
  row: number,
  title: string,
  body: (scene: Scene) => Promise<void>,
  { timeoutMs = 300_000, only, needs }: FaultOptions = {},
): void {
  const applies = (broker: Broker): boolean => (only === undefined || only === broker) && allows(broker, needs);
  const applied = brokersOfRow(row).filter(applies);
  if (applied.length === 0) return skipAll(`row ${row}: ${title}`);
  for (const broker of applied) {
    const register = (findServer: () => Promise<Server | undefined>): void => {
      // oxlint-disable-next-line vitest/expect-expect -- what it expects is in its body
      test(
        `row ${row}: ${title} (${broker.name})`,
        async ({ skip }) => {
          const server = await findServer();
          await using scene = new Scene(broker, { skip, server });
          if (server !== undefined) await broker.prepare?.(server, scene.directory);
          await body(scene);
        },
        timeoutMs * depth.patience,
      );
    };
    const { service, rungs, isSlowToStart = false } = broker;
    if (service === undefined) register(() => Promise.resolve(undefined));
    else if (isSlowToStart && !needsOwnServer(needs)) {
      describeSharedServer(service, (server) => register(() => Promise.resolve(server)), rungs);
    } else describeOwnServer(service, (start) => register(() => serverOfFile(service, start)), rungs);
  }
}

function allows({ service, whileAway, tellsTime, renewsOnLoop }: Broker, needs: FaultOptions["needs"]): boolean {
  if (needs === "clock") return tellsTime === true;
  if (needs === "renewalThread") return renewsOnLoop !== true;
  return needs !== "absence" || service !== undefined || whileAway !== undefined;
}

function needsOwnServer(needs: FaultOptions["needs"]): boolean {
  return needs === "absence" || needs === "ownServer";
}

/** A file without a test is an error to the runner. */
function skipAll(title: string): void {
  // oxlint-disable-next-line vitest/expect-expect -- there is nothing to expect
  test(`${title} (none)`, ({ skip }) => skip(`it does not apply to ${chosenNames.join(", ")}`));
}
