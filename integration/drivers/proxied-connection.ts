import { Freezer } from "@lovage/conformance";
import { silentLog, systemClock } from "@lovage/foundation";
import type { Connection, TransportDriver } from "@lovage/transport";
import { bothWays } from "../network/fault.ts";
import { FaultProxy } from "../network/fault-proxy.ts";

/** What a connection is opened with. */
export interface ProxiedOpening<Options> {
  readonly driver: TransportDriver<Options>;
  readonly url: string;
  /** As the driver's schema gives them out. */
  readonly options: Options;
}

/**
 * A connection of a driver to a server over TCP, opened as the runtime opens it, that can be stopped like a process: its time comes through a
 * {@link Freezer}, its bytes go through a proxy of its own.
 *
 * | state | entered by | timers | bytes |
 * |---|---|---|---|
 * | running | opening, `thaw` | fire | go through |
 * | frozen | `freeze` | wait | wait at the proxy, in both directions |
 * | stalled | `stall` | fire | wait at the proxy, in both directions |
 * | crashed | `crash` | wait | the server sees the sockets close, as after the end of a process |
 */
export class ProxiedConnection {
  readonly connection: Connection;
  readonly #freezer: Freezer;
  readonly #proxy: FaultProxy;

  private constructor(connection: Connection, freezer: Freezer, proxy: FaultProxy) {
    this.connection = connection;
    this.#freezer = freezer;
    this.#proxy = proxy;
  }

  static async open<Options>({ driver, url, options }: ProxiedOpening<Options>): Promise<ProxiedConnection> {
    const { hostname, port } = new URL(url);
    const proxy = await FaultProxy.open({ host: hostname, port: Number(port) });
    const freezer = new Freezer(systemClock);
    try {
      const context = { clock: freezer.clock, log: silentLog, name: "conformance" };
      const connection = await driver.open({ url: proxy.urlOf(url), options, ...context });
      return new ProxiedConnection(connection, freezer, proxy);
    } catch (error) {
      await proxy[Symbol.asyncDispose]();
      throw error;
    }
  }

  freeze(): void {
    this.stall();
    this.#freezer.freeze();
  }

  stall(): void {
    this.#proxy.set(bothWays({ isBlackHole: true }));
  }

  thaw(): void {
    this.#proxy.heal();
    this.#freezer.thaw();
  }

  crash(): void {
    this.freeze();
    this.#proxy.abandon("server");
  }

  cut(): void {
    this.#proxy.cut();
  }

  /** Ends it whatever its state. Another process would have ended; in this one a crashed connection still has sockets and timers. */
  async bury(): Promise<void> {
    this.#proxy.cut();
    this.thaw();
    await this.connection.close();
    await this.#proxy[Symbol.asyncDispose]();
  }
}
