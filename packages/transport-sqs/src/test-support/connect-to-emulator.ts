import { silentLog, systemClock } from "@lovage/foundation";
import { leaseSettings, openLeaseConnection } from "@lovage/lease-engine";
import type { Connection } from "@lovage/transport";
import { startFauxqs } from "fauxqs";
import { onTestFinished } from "vitest";

import { SqsStore, type SqsStoreOptions } from "../store.ts";

/** A connection to an emulator, which can be stopped. */
export interface EmulatedSqs {
  readonly connection: Connection;
  /** Where the emulator listens. */
  readonly endpoint: string;
  readonly stop: () => Promise<void>;
}

/** How the store and its connection are made. */
export interface EmulatedOptions extends Partial<SqsStoreOptions> {
  /** In ms. @default 10_000, for which no machine keeps a process waiting */
  readonly lease?: number;
  readonly maxMessageBytes?: number;
  readonly renewal?: "loop" | "thread";
}

/** Opens a connection to an emulator of its own. Both end with the test. */
export async function connectToEmulator(options: EmulatedOptions = {}): Promise<EmulatedSqs> {
  const server = await startFauxqs({ port: 0, logger: false });
  const endpoint = `http://127.0.0.1:${server.port}`;
  const { lease = 10_000, maxMessageBytes, renewal = "loop", ...rest } = options;
  const settings = leaseSettings({ lease, sweep: 100, maxMessageBytes });
  const store = new SqsStore({
    target: { endpoint, credentials: { accessKeyId: "test", secretAccessKey: "test" } },
    prefix: "",
    queues: {},
    creates: true,
    clock: systemClock,
    log: silentLog,
    settings,
    ...rest,
  });
  const opening = { clock: systemClock, log: silentLog, name: "test", renewal };
  const connection = await openLeaseConnection({ store, opening, settings });
  const stop = async (): Promise<void> => await server.stop();
  onTestFinished(async () => {
    await connection.close();
    await stop();
  });
  return { connection, endpoint, stop };
}
