import { once } from "node:events";
import net from "node:net";
import type { Fault, Way } from "./fault.ts";
import { Link } from "./link.ts";
import type { End } from "./link.ts";

/** Where a proxy leads to. */
export interface FaultProxyOptions {
  /** @default "127.0.0.1" */
  readonly host?: string;
  readonly port: number;
}

/**
 * A TCP proxy with a network that can be made worse while connections are open: `await using proxy = await
 * FaultProxy.open({ port })`, and clients connect to `proxy.port`. It can be asked for everything at any time.
 */
export class FaultProxy implements AsyncDisposable {
  readonly #target: FaultProxyOptions;
  readonly #links = new Set<Link>();
  readonly #server: net.Server;
  #fault: Fault = {};
  #ended = 0;

  private constructor(target: FaultProxyOptions) {
    this.#target = target;
    this.#server = net.createServer({ allowHalfOpen: true, noDelay: true }, (client) => this.#accept(client));
  }

  /** Opens a proxy on a port of the loopback interface; healthy to begin with. */
  static async open(target: FaultProxyOptions): Promise<FaultProxy> {
    const proxy = new FaultProxy(target);
    await once(proxy.#server.listen(0, "127.0.0.1"), "listening");
    return proxy;
  }

  /** Where clients connect to. */
  get port(): number {
    return (this.#server.address() as net.AddressInfo).port;
  }

  /** How many connections are open, also by half. */
  get connections(): number {
    return this.#links.size;
  }

  /** How many connections have ended, whoever ended them. */
  get ended(): number {
    return this.#ended;
  }

  /** The URL of a server with this proxy in between. */
  urlOf(url: string): string {
    const changed = new URL(url);
    changed.hostname = "127.0.0.1";
    changed.port = String(this.port);
    return changed.href;
  }

  /** Makes the network so, for the connections that are open and for those to come. Replaces what was set before. */
  set(fault: Fault): void {
    this.#fault = fault;
    for (const link of this.#links) link.set(fault);
    if (fault.isDown === true) this.cut();
  }

  /** Makes the network well again. */
  heal(): void {
    this.set({});
  }

  /** Resets every open connection, at both ends. */
  cut(): void {
    for (const link of this.#links) link.cut();
  }

  /**
   * Makes every open connection half-open: one end is reset, the other hears nothing of it, as when a machine loses
   * its power. New connections are not affected.
   * @param end The end that is reset.
   */
  abandon(end: End): void {
    for (const link of this.#links) link.abandon(end);
  }

  /** Lets bytes arrive on every open connection that nobody has sent: garbage, or a frame that was never asked for. */
  inject(way: Way, bytes: Uint8Array): void {
    for (const link of this.#links) link.inject(way, bytes);
  }

  /** Cuts every connection and listens no more. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#server.listening) return;
    const closed = once(this.#server, "close");
    this.#server.close();
    this.cut();
    await closed;
  }

  #accept(client: net.Socket): void {
    if (this.#fault.isDown === true) {
      client.resetAndDestroy();
      return;
    }
    const { host = "127.0.0.1", port } = this.#target;
    const server = net.connect({ host, port, allowHalfOpen: true, noDelay: true });
    const onClosed = (link: Link): void => {
      this.#links.delete(link);
      this.#ended += 1;
    };
    this.#links.add(new Link({ client, server }, this.#fault, onClosed));
  }
}
