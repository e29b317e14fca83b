import { closeSync, constants, fstatSync, openSync, readSync, writeSync } from "node:fs";

import type { Clock } from "@lovage/foundation";

/** Topics share so many slots, one page of a file in all; two topics in one slot wake each other needlessly, which is harmless. */
export const slotCount = 512;
/** A slot: its mark, and whether somebody sleeps. */
export const wordsOfSlot = 2;
const bytesOfWord = 4;
const bytesOfSlot = wordsOfSlot * bytesOfWord;
/** How old the knowledge may be that the open file is still the one at its path. */
const trustMs = 1_000;

/** What the slots are opened with. */
export interface WakeSlotsOptions {
  /** The file; made on first use. */
  readonly path: string;
  readonly clock: Clock;
  /** Called when somebody has deleted the file and another one was opened, in which nobody has said anything yet. */
  readonly onReplaced: () => void;
}

/** The words in a wake file. Whatever fails throws what `node:fs` throws. */
export class WakeSlots {
  readonly #options: WakeSlotsOptions;
  readonly #slot: Uint32Array<ArrayBuffer> = new Uint32Array(wordsOfSlot);
  readonly #slotBytes: Uint8Array<ArrayBuffer> = new Uint8Array(this.#slot.buffer);
  #file: number | undefined;
  #trustedUntilMs = 0;
  /** The file was deleted, and none has been opened in its place yet. */
  #isDeleted = false;

  constructor(options: WakeSlotsOptions) {
    this.#options = options;
  }

  /** Makes the file where there is none. */
  open(): void {
    this.#open();
  }

  /** Reads all words. */
  readAll(words: Uint32Array<ArrayBuffer>): void {
    readSync(this.#open(), words, 0, slotCount * bytesOfSlot, 0);
  }

  /** Whether somebody has said that it sleeps, since the slot was marked. */
  isAnyoneAsleep(slot: number): boolean {
    const read = readSync(this.#open(), this.#slotBytes, bytesOfWord, bytesOfWord, asleepAt(slot));
    return read === bytesOfWord && this.#slot[1] !== 0;
  }

  /** Says that somebody sleeps. */
  sleep(slot: number): void {
    this.#slot[1] = 1;
    writeSync(this.#open(), this.#slotBytes, bytesOfWord, bytesOfWord, asleepAt(slot));
  }

  /** Marks a slot anew. Whoever has said that it sleeps has to say so again; both in one write, so that a word that stands is younger than the mark. */
  mark(slot: number, mark: number): void {
    this.#slot[0] = mark;
    this.#slot[1] = 0;
    writeSync(this.#open(), this.#slotBytes, 0, bytesOfSlot, slot * bytesOfSlot);
  }

  /** Looks at the next use whether the file is still there. */
  distrust(): void {
    this.#trustedUntilMs = 0;
  }

  /** Idempotent. */
  close(): void {
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
  }

  /** The open file. Opens it again when somebody has deleted it, for nobody else would see what is written to it. */
  #open(): number {
    const { path, clock, onReplaced } = this.#options;
    const nowMs = clock.monotonic();
    if (this.#file !== undefined && nowMs < this.#trustedUntilMs) return this.#file;
    this.#trustedUntilMs = nowMs + trustMs;
    if (this.#file !== undefined && fstatSync(this.#file).nlink === 0) {
      this.close();
      this.#isDeleted = true;
    }
    const file = (this.#file ??= openSync(path, constants.O_RDWR | constants.O_CREAT, 0o666));
    if (this.#isDeleted) {
      this.#isDeleted = false;
      onReplaced();
    }
    return file;
  }
}

function asleepAt(slot: number): number {
  return slot * bytesOfSlot + bytesOfWord;
}
