import { describe, test } from "vitest";
import type { Broker, Pace } from "../brokers/broker.ts";
import { brokersOfRow, chosenNames } from "../brokers/brokers.ts";
import { describeOwnServer } from "../services/describe-own-server.ts";
import type { StartServer } from "../services/describe-own-server.ts";
import { describeSharedServer } from "../services/describe-shared-server.ts";
import type { Server } from "../services/service.ts";
import { depth } from "./depth.ts";
import { onSettableClock } from "./on-settable-clock.ts";
import { Scene } from "./scene.ts";
import { endServersAfterFile, serverOfFile } from "./server-of-file.ts";
import type { Setting } from "./setting.ts";

/** How a scenario differs from others. */
export interface FaultOptions {
  /** At a tenth of the scale. It ends what hangs; a machine that is busy may need ten times as long as an idle one. @default 300 000 */
  readonly timeoutMs?: number;
  /** The one broker that it is about. @default all to which its row applies */
  readonly only?: Broker;
  /**
   * What the broker must allow beside its row; without it this scenario is not run. `absence`: it is away for a while, and has then what it had. `clock`: it tells its own time.
   * `renewalThread`: a helper thread of its workers keeps what they hold.
   * `settableClock`: its clock is `scene.host.clock`; its server is private and of this scenario alone.
   * `ownServer`, where it has a server: this one is ended, emptied or otherwise disturbed. With `absence` and `ownServer` the server is shared by the
   * scenarios of this file only. @default nothing: the server may be shared by all
   */
  readonly needs?: "absence" | "ownServer" | "clock" | "renewalThread" | "settableClock";
  /**
   * At full scale it gives the broker so much that a node keeps all its other clients waiting for many seconds, so that it has an own server there.
   * @default false
   */
  readonly floods?: boolean;
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
  endServersAfterFile();
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

function registerOn(broker: Broker, scenario: Scenario): void {
  const { needs, floods = false, mostlyWaits } = scenario;
  const { name, service, rungs, isSlowToStart = false } = broker;
  if (needs === "settableClock") {
    const onClock = (start?: StartServer): void => registerTest(broker, scenario, onSettableClock(start));
    return service === undefined ? onClock() : describeOwnServer(service, onClock, ["private"]);
  }
  const register = (findServer: () => Promise<Server | undefined>): void => {
    registerTest(broker, scenario, async (use) => use({ server: await findServer() }));
  };
  if (service === undefined) return register(() => Promise.resolve(undefined));
  // Since RabbitMQ takes seconds to start, its two kinds of queues share one, unless they run beside each other.
  const serverKey = mostlyWaits === true ? name : service;
  const mayShare = !needsOwnServer(needs) && !(floods && depth.name === "full");
  if (isSlowToStart && mayShare) {
    describeSharedServer(service, (server) => register(() => Promise.resolve(server)), rungs);
  } else describeOwnServer(service, (start) => register(() => serverOfFile(serverKey, start)), rungs);
}

function registerTest(broker: Broker, scenario: Scenario, atItsPlace: Setting): void {
  const { row, title, body, pace, timeoutMs = 300_000 } = scenario;
  // oxlint-disable-next-line vitest/expect-expect -- what it expects is in its body
  test(
    `row ${row}: ${title} (${broker.name})`,
    async ({ skip, onTestFailed }) => {
      await atItsPlace(async ({ server, clock }) => {
        await using scene = new Scene(broker, { skip, onTestFailed, server, clock, pace });
        if (server !== undefined) await broker.prepare?.(server, scene.directory);
        await body(scene);
      }, skip);
    },
    timeoutMs * depth.patience,
  );
}

function allows(
  { service, whileAway, forgets, tellsTime, renewsOnLoop }: Broker,
  needs: FaultOptions["needs"],
): boolean {
  if (needs === "clock") return tellsTime === true;
  if (needs === "renewalThread") return renewsOnLoop !== true;
  return needs !== "absence" || (service !== undefined && forgets !== true) || whileAway !== undefined;
}

function needsOwnServer(needs: FaultOptions["needs"]): boolean {
  return needs === "absence" || needs === "ownServer";
}

/** Stands in for the scenarios of a row that apply to none of the brokers of this run: a file without a test is an error to the runner. */
export function skipAll(title: string): void {
  // oxlint-disable-next-line vitest/expect-expect -- there is nothing to expect
  test(`${title} (none)`, ({ skip }) => skip(`it does not apply to ${chosenNames.join(", ")}`));
}
