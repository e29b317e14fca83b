import { describe, test } from "vitest";
import type { Broker, Pace } from "../brokers/broker.ts";
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
  /** It mostly waits: for leases, for a broker that is away. Its brokers then run beside each other. @default false: one after the other */
  readonly mostlyWaits?: boolean;
  /** @default that of the depth */
  readonly pace?: Pace;
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
  { only, ...options }: FaultOptions = {},
): void {
  const { needs, mostlyWaits } = options;
  const applies = (broker: Broker): boolean => (only === undefined || only === broker) && allows(broker, needs);
  const applied = brokersOfRow(row).filter(applies);
  if (applied.length === 0) return skipAll(`row ${row}: ${title}`);
  const registerAll = (): void => {
    for (const broker of applied) registerOn(broker, { ...options, row, title, body });
  };
  if (mostlyWaits !== true) return registerAll();
  // But one scenario of a file after the other: they share its servers, and some kill them.
  describe(`row ${row}`, () => {
    describe.concurrent("its brokers beside each other", () => {
      registerAll();
    });
  });
}

/** What `fault` was given. */
interface Scenario extends Omit<FaultOptions, "only"> {
  readonly row: number;
  readonly title: string;
  readonly body: (scene: Scene) => Promise<void>;
}

function registerOn(broker: Broker, { row, title, body, ...options }: Scenario): void {
  const { needs, mostlyWaits, pace, timeoutMs = 300_000 } = options;
  const register = (findServer: () => Promise<Server | undefined>): void => {
    // oxlint-disable-next-line vitest/expect-expect -- what it expects is in its body
    test(
      `row ${row}: ${title} (${broker.name})`,
      async ({ skip, onTestFailed }) => {
        const server = await findServer();
        await using scene = new Scene(broker, { skip, onTestFailed, server, pace });
        if (server !== undefined) await broker.prepare?.(server, scene.directory);
        await body(scene);
      },
      timeoutMs * depth.patience,
    );
  };
  const { name, service, rungs, isSlowToStart = false } = broker;
  if (service === undefined) return register(() => Promise.resolve(undefined));
  // Since RabbitMQ takes seconds to start, its two kinds of queues share one, unless they run beside each other.
  const serverKey = mostlyWaits === true ? name : service;
  if (isSlowToStart && !needsOwnServer(needs)) {
    describeSharedServer(service, (server) => register(() => Promise.resolve(server)), rungs);
  } else describeOwnServer(service, (start) => register(() => serverOfFile(serverKey, start)), rungs);
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
