import { randomInt } from "node:crypto";

/** A receipt handle as the helper thread reads it. */
export interface SharedHandle {
  readonly place: number;
  /** Tells this handle from those that were in its place before, and will be later. */
  readonly generation: number;
  readonly handle: string;
  /** When its message came, by the event loop's clock. */
  readonly arrivedAtMs: number;
}

/** The longest that SQS gives out: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-queue-message-identifiers.html */
const maxHandleBytes = 1_024;
const headBytes = 40;
const placeBytes = headBytes + maxHandleBytes;
const firstPlaces = 64;
/** Some 17 MB when all are taken. What is held beyond that is renewed by the event loop. */
const maxPlaces = 16_383;
/** Lease ids are a running number and a place: the last one means none. */
const idsPerNumber = maxPlaces + 1;

/** Positions in a place, counted in 64-bit numbers … */
const idAt = 0;
const arrivedAt = 1;
const endAt = 2;
/** … and in 32-bit integers. */
const generationAt = 6;
const renewedAt = 7;
const lengthAt = 8;

/**
 * Receipt handles in memory that the event loop and the renewal thread share: leases are numbers, and SQS knows a message by a long text, which changes when it
 * hands the message out twice. A lease's id says where its handle is. Places of 1,064 bytes:
 *
 * | bytes | what | written by |
 * |---|---|---|
 * | 8 | lease id | loop |
 * | 8 | when the message came, by the loop's clock | loop |
 * | 8 | until when the thread has prolonged the lease; `-Infinity`: SQS says that it is lost | thread |
 * | 4 | generation; 0 while free | loop |
 * | 4 | generation that the thread has prolonged | thread |
 * | 8 | length of the handle | loop |
 * | 1,024 | handle | loop |
 *
 * Either generation is written last, and read before what it tells of; the thread reads its own once more after that.
 */
export class SharedHandles {
  readonly buffer: SharedArrayBuffer;
  readonly #floats: Float64Array;
  readonly #ints: Int32Array;
  readonly #bytes: Uint8Array;
  readonly #free: number[] = [];
  #used = 0;
  #generation = 0;
  /** Ids of different processes should differ, for tokens in logs. */
  #number = randomInt(2 ** 36);

  /** @param buffer that of the other side; made anew without it */
  constructor(buffer?: SharedArrayBuffer) {
    this.buffer = buffer ?? new SharedArrayBuffer(firstPlaces * placeBytes, { maxByteLength: maxPlaces * placeBytes });
    this.#floats = new Float64Array(this.buffer);
    this.#ints = new Int32Array(this.buffer);
    this.#bytes = new Uint8Array(this.buffer);
  }

  /** Keeps the handle of a message that has come. @returns the id of its lease */
  add(handle: string, arrivedAtMs: number): number {
    this.#number += 1;
    const place = this.#takePlace();
    const id = this.#number * idsPerNumber + place;
    if (place === maxPlaces) return id;
    this.#floats[floatOf(place) + idAt] = id;
    this.#floats[floatOf(place) + arrivedAt] = arrivedAtMs;
    this.#write(place, handle);
    return id;
  }

  /** The message was handed out once more. */
  replace(id: number, handle: string): void {
    const place = placeOf(id);
    if (place === maxPlaces) return;
    Atomics.store(this.#ints, intOf(place) + generationAt, 0);
    this.#write(place, handle);
  }

  /** It was settled or lost. Called once for each. */
  remove(id: number): void {
    const place = placeOf(id);
    if (place === maxPlaces) return;
    Atomics.store(this.#ints, intOf(place) + generationAt, 0);
    this.#free.push(place);
  }

  /** Until when the thread has prolonged a lease; `-Infinity` for one that it found lost, `undefined` for one that it has not asked for. */
  endsAtMs(id: number): number | undefined {
    const place = placeOf(id);
    const generation = this.#generationIn(place, id);
    if (generation === 0 || Atomics.load(this.#ints, intOf(place) + renewedAt) !== generation) return undefined;
    return this.#floats[floatOf(place) + endAt];
  }

  /** For the thread. `undefined`: it is not here, or is just being written. */
  read(id: number): SharedHandle | undefined {
    const place = placeOf(id);
    const generation = this.#generationIn(place, id);
    if (generation === 0) return undefined;
    const arrivedAtMs = this.#floats[floatOf(place) + arrivedAt] ?? 0;
    const length = this.#ints[intOf(place) + lengthAt] ?? 0;
    const from = place * placeBytes + headBytes;
    const handle = Buffer.from(this.#bytes.slice(from, from + length)).toString();
    if (!this.isCurrent({ place, generation }) || length === 0) return undefined;
    return { place, generation, handle, arrivedAtMs };
  }

  /** Whether this is still the handle of its lease. */
  isCurrent({ place, generation }: Pick<SharedHandle, "place" | "generation">): boolean {
    return this.#generationOf(place) === generation;
  }

  /** For the thread: until when the lease is ours, by the loop's clock. @param endsAtMs `-Infinity` when it is lost */
  prolong({ place, generation }: SharedHandle, endsAtMs: number): void {
    // The answer may come late: what another lease in this place has been given since must stay.
    if (!this.isCurrent({ place, generation })) return;
    this.#floats[floatOf(place) + endAt] = endsAtMs;
    Atomics.store(this.#ints, intOf(place) + renewedAt, generation);
  }

  /** That of a place while this lease has it, 0 otherwise. */
  #generationIn(place: number, id: number): number {
    if ((place + 1) * placeBytes > this.buffer.byteLength) return 0;
    const generation = this.#generationOf(place);
    return this.#floats[floatOf(place) + idAt] === id ? generation : 0;
  }

  #generationOf(place: number): number {
    return Atomics.load(this.#ints, intOf(place) + generationAt);
  }

  #write(place: number, handle: string): void {
    const bytes = Buffer.from(handle);
    // One that is longer than SQS says is left to the event loop.
    const length = bytes.length > maxHandleBytes ? 0 : bytes.length;
    this.#ints[intOf(place) + lengthAt] = length;
    this.#bytes.set(bytes.subarray(0, length), place * placeBytes + headBytes);
    this.#generation = (this.#generation % 0x7f_ff_ff_ff) + 1;
    Atomics.store(this.#ints, intOf(place) + generationAt, this.#generation);
  }

  #takePlace(): number {
    const free = this.#free.pop();
    if (free !== undefined) return free;
    if (this.#used === maxPlaces) return maxPlaces;
    this.#used += 1;
    if (this.#used * placeBytes > this.buffer.byteLength) {
      this.buffer.grow(Math.min(this.#used * 2, maxPlaces) * placeBytes);
    }
    return this.#used - 1;
  }
}

function placeOf(id: number): number {
  return id % idsPerNumber;
}

function floatOf(place: number): number {
  return (place * placeBytes) / 8;
}

function intOf(place: number): number {
  return (place * placeBytes) / 4;
}
