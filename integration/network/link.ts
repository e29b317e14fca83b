import type { Socket } from "node:net";
import type { Fault, Way } from "./fault.ts";
import { Lane } from "./lane.ts";

/** The two ends of a connection through the proxy. */
export type End = "client" | "server";

/**
 * One connection through the proxy.
 *
 * | mode | entered by | left by |
 * |---|---|---|
 * | whole | opening | `cut`, `abandon`, both ends closing |
 * | half-open: one end was reset, the other believes in it | `abandon` | `cut`, that end closing |
 * | closed | `cut`, the ends closing | |
 */
export class Link {
  readonly #sockets: Readonly<Record<End, Socket>>;
  readonly #lanes: Readonly<Record<Way, Lane>>;
  readonly #onClosed: () => void;
  readonly #open: Set<End>;
  #isHalfOpen = false;

  constructor(sockets: Readonly<Record<End, Socket>>, fault: Fault, onClosed: (link: Link) => void) {
    this.#sockets = sockets;
    this.#open = new Set(["client", "server"]);
    this.#onClosed = () => onClosed(this);
    const { client, server } = sockets;
    const cut = (): void => this.cut();
    this.#lanes = {
      up: new Lane({ from: client, to: server, reset: cut }, fault.up ?? {}),
      down: new Lane({ from: server, to: client, reset: cut }, fault.down ?? {}),
    };
    this.#watch("client");
    this.#watch("server");
    this.#run("up", client);
    this.#run("down", server);
  }

  set({ up = {}, down = {} }: Fault): void {
    this.#lanes.up.set(up);
    this.#lanes.down.set(down);
  }

  inject(way: Way, bytes: Uint8Array): void {
    this.#lanes[way].inject(bytes);
  }

  /** Resets both ends. */
  cut(): void {
    this.#stop();
    for (const end of this.#open) reset(this.#sockets[end]);
  }

  /** Resets one end; the other is not told. */
  abandon(end: End): void {
    this.#isHalfOpen = true;
    this.#stop();
    reset(this.#sockets[end]);
  }

  #run(way: Way, from: Socket): void {
    const ended = (): void => {
      // Nobody is left who would end the other half.
      if (this.#isHalfOpen) from.destroy();
    };
    this.#lanes[way].run().then(ended, () => this.#fail());
  }

  #watch(end: End): void {
    const socket = this.#sockets[end];
    socket.on("error", () => this.#fail());
    socket.on("close", () => {
      this.#open.delete(end);
      if (this.#open.size > 0) return;
      this.#stop();
      this.#onClosed();
    });
  }

  /** An end that fails takes the other with it, unless that is not to be told. */
  #fail(): void {
    if (!this.#isHalfOpen) this.cut();
  }

  #stop(): void {
    for (const lane of Object.values(this.#lanes)) lane.close();
  }
}

function reset(socket: Socket): void {
  // One that has said its last word cannot be reset any more: Node would leave its handle open.
  if (socket.connecting || socket.writableEnded) socket.destroy();
  else socket.resetAndDestroy();
}
