import http from "node:http";
import https from "node:https";
import type { Duplex } from "node:stream";

import type { Clock } from "@lovage/foundation";

/**
 * For how long nothing may have gone over a connection: less than any common server keeps an idle one. A process that was frozen, as by Lambda
 * between two invocations, or whose event loop was blocked, has not heard yet that it was closed: https://github.com/aws/aws-sdk-js-v3/issues/1196
 */
const maxIdleMs = 4_000;

/** Connections that are kept for the next call. What is sent over one that the other side has closed gets no answer, though nobody has seen it. */
export class KeptSockets {
  readonly agents: { readonly httpAgent: http.Agent; readonly httpsAgent: https.Agent };
  readonly #clock: Clock;
  readonly #keptSinceMs = new WeakMap<Duplex, number>();

  constructor(maxSockets: number, clock: Clock) {
    const options = { keepAlive: true, maxSockets };
    this.agents = { httpAgent: new http.Agent(options), httpsAgent: new https.Agent(options) };
    this.#clock = clock;
    for (const agent of Object.values(this.agents)) this.#stamp(agent);
  }

  /** Closes those that nobody has used for a while. */
  dropIdle(): void {
    for (const { freeSockets } of Object.values(this.agents)) {
      for (const sockets of Object.values(freeSockets)) this.#dropIdleOf(sockets ?? []);
    }
  }

  #stamp(agent: http.Agent): void {
    const keep = agent.keepSocketAlive.bind(agent);
    agent.keepSocketAlive = (socket) => {
      // The wall clock goes on while the machine sleeps; a step of it costs a new connection at most.
      this.#keptSinceMs.set(socket, this.#clock.now());
      return keep(socket);
    };
  }

  /** The agent takes the last one, which was used last, and looks for closed ones from the front only. */
  #dropIdleOf(sockets: readonly Duplex[]): void {
    const nowMs = this.#clock.now();
    const last = sockets.findLastIndex((socket) => {
      return Math.abs(nowMs - (this.#keptSinceMs.get(socket) ?? nowMs)) > maxIdleMs;
    });
    for (const socket of sockets.slice(0, last + 1)) socket.destroy();
  }
}
