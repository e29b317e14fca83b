/** One lease as the thread reads it. */
export interface SlotLease {
  readonly slot: number;
  /** Tells this use of the slot from earlier and later ones. */
  readonly generation: number;
  readonly queueIndex: number;
  readonly id: number;
  readonly fence: number;
  readonly confirmedAtMs: number;
}

const headerBytes = 16;
const slotBytes = 32;
const firstSlots = 1_024;
const maxSlots = 1_048_576;

/** Places in the header, counted in 32-bit integers. */
const beatsAt = 0;
const usedAt = 1;

/** Positions in a slot, counted in 64-bit numbers … */
const idAt = 0;
const fenceAt = 1;
const confirmedAt = 2;
/** … and in 32-bit integers. */
const generationAt = 6;
const queueAt = 7;

/**
 * Leases in memory that the event loop and the renewal thread share, so that a delivery costs no message between them. A header (beats of the event loop, number
 * of slots in use), then slots of 32 bytes:
 *
 * | bytes | what | written by |
 * |---|---|---|
 * | 8 | lease id | loop |
 * | 8 | fence | loop |
 * | 8 | confirmed at, by the loop's clock | loop at first, then the thread |
 * | 4 | generation; 0 while free | loop |
 * | 4 | index of the queue | loop |
 *
 * The generation is written last and read before and after the rest: what was read in between belongs together if it did not change.
 */
export class LeaseSlots {
  readonly buffer: SharedArrayBuffer;
  readonly #floats: Float64Array;
  readonly #ints: Int32Array;
  readonly #free: number[] = [];
  #generation = 0;

  /** @param buffer that of the other side; made anew without it */
  constructor(buffer?: SharedArrayBuffer) {
    this.buffer = buffer ?? new SharedArrayBuffer(bytesOf(firstSlots), { maxByteLength: bytesOf(maxSlots) });
    this.#floats = new Float64Array(this.buffer);
    this.#ints = new Int32Array(this.buffer);
  }

  /** How often the event loop gave a sign of life. */
  get beats(): number {
    return Atomics.load(this.#ints, beatsAt);
  }

  beat(): void {
    Atomics.add(this.#ints, beatsAt, 1);
  }

  /** Writes a lease into a free slot. @returns the slot, -1 when all are taken */
  take(queueIndex: number, lease: { readonly id: number; readonly fence: number }, confirmedAtMs: number): number {
    const slot = this.#free.pop() ?? this.#addSlot();
    if (slot < 0) return -1;
    const float = floatOf(slot);
    this.#floats[float + idAt] = lease.id;
    this.#floats[float + fenceAt] = lease.fence;
    this.#floats[float + confirmedAt] = confirmedAtMs;
    this.#ints[intOf(slot) + queueAt] = queueIndex;
    this.#generation = (this.#generation % 0x7f_ff_ff_ff) + 1;
    Atomics.store(this.#ints, intOf(slot) + generationAt, this.#generation);
    return slot;
  }

  free(slot: number): void {
    Atomics.store(this.#ints, intOf(slot) + generationAt, 0);
    this.#free.push(slot);
  }

  generationOf(slot: number): number {
    return Atomics.load(this.#ints, intOf(slot) + generationAt);
  }

  confirmedAtMs(slot: number): number {
    return this.#floats[floatOf(slot) + confirmedAt] ?? -Infinity;
  }

  /** A lease was renewed. Harmless when the slot has another use by now: that lease is younger than this instant. */
  confirm({ slot, generation }: SlotLease, atMs: number): void {
    if (this.generationOf(slot) === generation) this.#floats[floatOf(slot) + confirmedAt] = atMs;
  }

  /** All leases that could be read whole. One that is being written is left for the next time: it is new. */
  read(): readonly SlotLease[] {
    const leases: SlotLease[] = [];
    const used = Atomics.load(this.#ints, usedAt);
    for (let slot = 0; slot < used; slot += 1) {
      const generation = this.generationOf(slot);
      if (generation === 0) continue;
      const float = floatOf(slot);
      const id = this.#floats[float + idAt] ?? 0;
      const fence = this.#floats[float + fenceAt] ?? 0;
      const confirmedAtMs = this.#floats[float + confirmedAt] ?? 0;
      const queueIndex = this.#ints[intOf(slot) + queueAt] ?? 0;
      if (this.generationOf(slot) === generation)
        leases.push({ slot, generation, queueIndex, id, fence, confirmedAtMs });
    }
    return leases;
  }

  #addSlot(): number {
    const used = Atomics.load(this.#ints, usedAt);
    if (used === maxSlots) return -1;
    if (bytesOf(used + 1) > this.buffer.byteLength) this.buffer.grow(bytesOf(Math.min(used * 2, maxSlots)));
    Atomics.store(this.#ints, usedAt, used + 1);
    return used;
  }
}

function bytesOf(slots: number): number {
  return headerBytes + slots * slotBytes;
}

/** Where a slot begins, counted in 64-bit numbers. */
function floatOf(slot: number): number {
  return (headerBytes + slot * slotBytes) / 8;
}

/** The same in 32-bit integers. */
function intOf(slot: number): number {
  return (headerBytes + slot * slotBytes) / 4;
}
