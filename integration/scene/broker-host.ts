import { rmSync } from "node:fs";
import type { SettableClock } from "../clock/settable-clock.ts";
import { FaultProxy } from "../network/fault-proxy.ts";
import type { Broker, Pace, Place } from "../brokers/broker.ts";
import type { OwnServer, Server } from "../services/service.ts";

/** What a host is made of. */
export interface BrokerHostOptions {
  /** The test's own directory; where the broker has no server, its files. */
  readonly directory: string;
  readonly pace: Pace;
  /** The broker's server, where it has one. */
  readonly server: Server | undefined;
  /** The clock of the broker: its server's, or, where there is none, that of all programs. @default the machine's, which nobody sets */
  readonly clock?: SettableClock | undefined;
}

/** Where the broker of a test is: its server, the network before it and its clock, all of which can be made worse. */
export class BrokerHost implements AsyncDisposable {
  readonly place: Place;
  readonly #broker: Broker;
  readonly #options: BrokerHostOptions;
  readonly #proxies: FaultProxy[] = [];
  #isDown = false;
  #readying: Promise<void> | undefined;

  constructor(broker: Broker, options: BrokerHostOptions) {
    this.#broker = broker;
    this.#options = options;
    this.place = this.#placeAt(options.server?.url ?? "");
  }

  /**
   * The server of the broker, for faults other than its end.
   * @throws Error when there is none: then the row is exempted; or when others use it too
   */
  get server(): OwnServer {
    const server = this.#anyServer;
    if (isOwn(server)) return server;
    throw new Error(`Others use this ${this.#broker.name} too: say that the scenario needs "ownServer".`);
  }

  /**
   * The clock that the broker goes by.
   * @throws Error when the scenario has not said that it needs one
   */
  get clock(): SettableClock {
    const { clock } = this.#options;
    if (clock === undefined) throw new Error('Nobody sets this clock: say that the scenario needs "settableClock".');
    return clock;
  }

  /** What programs must have in their environment: without a server they are what goes by the clock. */
  get env(): Readonly<Record<string, string>> {
    const { server, clock } = this.#options;
    return server === undefined && clock !== undefined ? clock.env : {};
  }

  get #anyServer(): Server {
    const { server } = this.#options;
    if (server === undefined) throw new Error(`The broker ${this.#broker.name} has no server.`);
    return server;
  }

  /** Does once what must come before the server is killed and takes seconds, for scenarios in which the instant of the kill matters. */
  async readyForKill(): Promise<void> {
    const { server } = this.#options;
    this.#readying ??= server === undefined ? undefined : this.#broker.beforeKill?.(server);
    await this.#readying;
  }

  /** Ends the server as a crash does. It is started again after the test at the latest. */
  async kill(): Promise<void> {
    await this.readyForKill();
    this.#isDown = true;
    await this.server.kill();
  }

  /** Starts it again, with its data. Answers when it was ready. */
  async start(): Promise<number> {
    await this.server.start();
    this.#isDown = false;
    return Date.now();
  }

  /** Ends it, and starts it again without its data. Answers when it was ready. */
  async empty(): Promise<number> {
    await this.server.restart({ keepsData: false });
    await this.#broker.prepare?.(this.server, this.#options.directory);
    return Date.now();
  }

  /** Takes the broker away while something is done: its server is killed, its file locked. */
  async whileAway<T>(work: () => Promise<T>): Promise<T> {
    const { server, directory } = this.#options;
    if (server === undefined) return await this.#broker.whileAway!(directory, work);
    await this.kill();
    const outcome = await work();
    await this.start();
    return outcome;
  }

  /** Takes the broker away for the rest of the test: its server is killed, its files removed. */
  async remove(): Promise<void> {
    const { server, directory } = this.#options;
    if (server === undefined) rmSync(directory, { recursive: true });
    else await this.kill();
  }

  /** A network between some and the server, to be made worse. They get there by `placeBehind`. */
  async openProxy(): Promise<FaultProxy> {
    const { hostname, port } = new URL(this.#anyServer.url);
    const proxy = await FaultProxy.open({ host: hostname, port: Number(port) });
    this.#proxies.push(proxy);
    return proxy;
  }

  /** The same place, seen through a proxy. */
  placeBehind(proxy: FaultProxy): Place {
    return this.#placeAt(proxy.urlOf(this.#anyServer.url));
  }

  /** Makes all well again, for those who say goodbye. */
  async heal(): Promise<void> {
    for (const proxy of this.#proxies) proxy.heal();
    if (this.#isDown) await this.start();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#proxies.map((proxy) => proxy[Symbol.asyncDispose]()));
  }

  #placeAt(url: string): Place {
    const { directory, pace } = this.#options;
    return this.#broker.place({ directory, pace, url });
  }
}

function isOwn(server: Server): server is OwnServer {
  return "kill" in server;
}
