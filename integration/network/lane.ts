import type { Socket } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import { Bell } from "./bell.ts";
import type { WayFault } from "./fault.ts";

/** What a lane goes between. */
export interface LaneEnds {
  readonly from: Socket;
  readonly to: Socket;
  /** Resets the connection. */
  readonly reset: () => void;
}

interface Chunk {
  readonly bytes: Buffer;
  readonly dueAtMs: number;
}

const maxHeldBytes = 2 ** 20;
// At a limited rate what arrives does so in pieces of this many milliseconds.
const pieceMs = 20;

/** One way of one connection. It moves bytes in order, each when it is due, and pushes back on the sender. */
export class Lane {
  readonly #ends: LaneEnds;
  readonly #changed = new Bell();
  readonly #line: Chunk[] = [];
  readonly #closing = new AbortController();
  #fault: WayFault;
  #heldBytes = 0;
  #passedBytes = 0;
  #lastDueAtMs = 0;
  #hasEnded = false;

  constructor(ends: LaneEnds, fault: WayFault) {
    this.#ends = ends;
    this.#fault = fault;
  }

  /** Moves bytes until the sender has ended, and tells the receiver, unless it was closed. Rejects when a socket fails. */
  async run(): Promise<void> {
    await Promise.all([this.#receive(), this.#deliver()]);
  }

  /** Changes what is wrong with this way. */
  set(fault: WayFault): void {
    this.#fault = fault;
    this.#passedBytes = 0;
    this.#changed.ring();
  }

  /** Lets bytes arrive that nobody has sent, between what was sent, in the middle of a frame or not. */
  inject(bytes: Uint8Array): void {
    if (!this.#isClosed) this.#ends.to.write(bytes);
  }

  /** Moves nothing any more. */
  close(): void {
    this.#closing.abort();
    this.#changed.ring();
  }

  get #isClosed(): boolean {
    return this.#closing.signal.aborted;
  }

  async #receive(): Promise<void> {
    for await (const bytes of this.#ends.from as AsyncIterable<Buffer>) {
      // Read all the same, so that the end of the sender is seen.
      if (this.#isClosed) continue;
      const { latencyMs = 0, jitterMs = 0 } = this.#fault;
      const dueAtMs = performance.now() + latencyMs + jitterMs * Math.random();
      this.#lastDueAtMs = Math.max(this.#lastDueAtMs, dueAtMs);
      this.#line.push({ bytes, dueAtMs: this.#lastDueAtMs });
      this.#heldBytes += bytes.length;
      this.#changed.ring();
      while (this.#heldBytes > maxHeldBytes && !this.#isClosed) await this.#changed.heard();
    }
    this.#hasEnded = true;
    this.#changed.ring();
  }

  async #deliver(): Promise<void> {
    while (!this.#isClosed) {
      const chunk = this.#fault.isBlackHole === true ? undefined : this.#line.shift();
      if (chunk !== undefined) await this.#deliverChunk(chunk);
      else if (this.#hasEnded && this.#line.length === 0) return void this.#ends.to.end();
      else await this.#changed.heard();
    }
  }

  async #deliverChunk({ bytes, dueAtMs }: Chunk): Promise<void> {
    // A fault that is over lets what it had delayed arrive when it was due, as a real link does.
    await this.#sleep(dueAtMs - performance.now());
    const size = Math.max(1, Math.ceil(((this.#fault.bytesPerSecond ?? Infinity) * pieceMs) / 1000));
    for (let at = 0; at < bytes.length && !this.#isClosed; at += size) {
      // The link may have become a black hole while the chunk was on its way.
      while (this.#fault.isBlackHole === true && !this.#isClosed) await this.#changed.heard();
      const piece = bytes.subarray(at, at + size);
      await this.#deliverPiece(piece);
      if (this.#fault.bytesPerSecond !== undefined)
        await this.#sleep((piece.length / this.#fault.bytesPerSecond) * 1000);
    }
    this.#heldBytes -= bytes.length;
    this.#changed.ring();
  }

  async #deliverPiece(piece: Buffer): Promise<void> {
    if (this.#isClosed) return;
    const { to, reset } = this.#ends;
    const room = (this.#fault.cutAfterBytes ?? Infinity) - this.#passedBytes;
    this.#passedBytes += piece.length;
    if (piece.length >= room) {
      to.write(piece.subarray(0, room), () => reset());
      return this.close();
    }
    // A socket that has ended takes nothing, and never drains.
    if (to.write(piece) || !to.writableNeedDrain) return;
    to.once("drain", () => this.#changed.ring());
    while (to.writableNeedDrain && !this.#isClosed) await this.#changed.heard();
  }

  async #sleep(ms: number): Promise<void> {
    try {
      if (ms > 0) await pause(ms, undefined, { signal: this.#closing.signal });
    } catch {
      // The lane was closed meanwhile, which whoever slept looks at next.
    }
  }
}
