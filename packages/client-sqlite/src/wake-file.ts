import { closeSync, constants, fstatSync, openSync, readSync, watch, writeSync, type FSWatcher } from "node:fs";

import { Multimap, type Clock, type Log, type Timer } from "@lovage/foundation";

/** What a wake file is opened with. */
export interface WakeFileOptions {
  /** The file; made on first use. */
  readonly path: string;
  readonly clock: Clock;
  readonly log: Log;
  /** How the file is watched. @default `watch` of `node:fs` */
  readonly watchFile?: typeof watch | undefined;
}

/** A subscription that can be taken away. */
export interface WakeSubscription {
  /** Idempotent. */
  close(): void;
}

/** Topics share so many marks; two topics on one mark wake each other needlessly, which is harmless. */
const marks = 1024;
const markBytes = 4;
/** Finds what the watcher missed (container and network mounts): one read of a page. */
const watchedPollMs = 1_000;
const unwatchedPollMs = 100;
/** How old the knowledge may be that the open file is still the one at its path. */
const trustMs = 1_000;

/**
 * Wakes sleepers of other programs on this machine. A file beside the database holds one mark a topic. Whoever has committed
 * something changes the topic's mark, which costs one write to memory; sleepers watch the file and compare the marks.
 *
 * No wake-up is lost as long as the sleeper subscribes before it looks, and the waker commits before it announces. A wake-up is a hint: it
 * may come for nothing, and where neither watching nor the slow look at the marks finds it (a file that was deleted) it may be late.
 */
export class WakeFile {
  readonly #options: WakeFileOptions;
  readonly #listeners = new Multimap<number, () => void>();
  readonly #seen: Uint32Array<ArrayBuffer> = new Uint32Array(marks);
  readonly #read: Uint32Array<ArrayBuffer> = new Uint32Array(marks);
  readonly #mark: Uint32Array<ArrayBuffer> = new Uint32Array([Math.floor(Math.random() * 2 ** 32)]);
  #file: number | undefined;
  #trustedUntilMs = 0;
  #watcher: FSWatcher | undefined;
  #poll: Timer | undefined;
  #isClosed = false;
  #hasWarned = false;

  constructor(options: WakeFileOptions) {
    this.#options = options;
  }

  /** Tells the sleepers of a topic, here and elsewhere. Call it after the commit. Never throws. */
  announce(topic: string): void {
    if (this.#isClosed) return;
    const slot = slotOf(topic);
    // Odd steps from a random start: the mark differs from what any program wrote just before.
    this.#mark[0] = ((this.#mark[0] ?? 0) + 0x9e37_79b1) >>> 0;
    this.#seen[slot] = this.#mark[0];
    try {
      writeSync(this.#open(), new Uint8Array(this.#mark.buffer), 0, markBytes, slot * markBytes);
    } catch (error) {
      this.#warn("Sleepers of other programs cannot be woken and will look by themselves, later", error);
    }
    this.#call(slot);
  }

  /** Calls `listener` after each announcement of the topic, and sometimes for nothing. Subscribe, then look, then sleep. `listener` must not throw. */
  subscribe(topic: string, listener: () => void): WakeSubscription {
    const slot = slotOf(topic);
    if (this.#isClosed) return { close: () => {} };
    // One closure a subscription, so that the same listener may be given twice.
    const call = (): void => listener();
    this.#listeners.add(slot, call);
    if (this.#poll === undefined) this.#start();
    return {
      close: () => {
        this.#listeners.delete(slot, call);
        if (this.#listeners.size === 0) this.#stop();
      },
    };
  }

  /** Idempotent. No listener is called afterwards. */
  close(): void {
    this.#isClosed = true;
    this.#listeners.clear();
    this.#stop();
    this.#closeFile();
  }

  /** Watches first and reads the marks then, so that no change falls between. */
  #start(): void {
    this.#watch();
    this.#readMarks();
    this.#seen.set(this.#read);
    this.#schedule();
  }

  #stop(): void {
    this.#poll?.cancel();
    this.#poll = undefined;
    this.#unwatch();
  }

  #watch(): void {
    try {
      this.#open();
      const { path, watchFile = watch } = this.#options;
      const watcher = watchFile(path, { persistent: false }, (event) => this.#onEvent(event));
      watcher.on("error", (error) => {
        this.#warn("The wake file cannot be watched any more; it is polled instead", error);
        this.#unwatch();
      });
      this.#watcher = watcher;
    } catch (error) {
      this.#warn("The wake file cannot be watched; it is polled instead", error);
    }
  }

  #unwatch(): void {
    this.#watcher?.close();
    this.#watcher = undefined;
  }

  #onEvent(event: string): void {
    // "rename" also says that the file was deleted: a watcher on a deleted file hears nothing.
    if (event === "rename") this.#trustedUntilMs = 0;
    this.#look();
  }

  #schedule(): void {
    const delayMs = this.#watcher === undefined ? unwatchedPollMs : watchedPollMs;
    this.#poll = this.#options.clock.timer(
      delayMs,
      () => {
        this.#schedule();
        this.#look();
      },
      { keepAlive: false },
    );
  }

  #look(): void {
    if (this.#isClosed || !this.#readMarks()) return;
    const changed: number[] = [];
    for (const slot of this.#listeners.keys()) {
      if (this.#seen[slot] !== this.#read[slot]) changed.push(slot);
    }
    this.#seen.set(this.#read);
    for (const slot of changed) this.#call(slot);
  }

  #readMarks(): boolean {
    try {
      readSync(this.#open(), this.#read, 0, marks * markBytes, 0);
      return true;
    } catch (error) {
      this.#warn("The wake file cannot be read; sleepers look by themselves", error);
      return false;
    }
  }

  #call(slot: number): void {
    for (const listener of this.#listeners.get(slot)) listener();
  }

  /** The open file. Opens it again when somebody has deleted it, for nobody else would see what is written to it. */
  #open(): number {
    const nowMs = this.#options.clock.monotonic();
    if (this.#file !== undefined && nowMs >= this.#trustedUntilMs) {
      this.#trustedUntilMs = nowMs + trustMs;
      if (fstatSync(this.#file).nlink === 0) this.#reopen();
    }
    if (this.#file === undefined) {
      this.#file = openSync(this.#options.path, constants.O_RDWR | constants.O_CREAT, 0o666);
      this.#trustedUntilMs = nowMs + trustMs;
    }
    return this.#file;
  }

  #reopen(): void {
    this.#closeFile();
    if (this.#watcher === undefined) return;
    this.#unwatch();
    this.#watch();
  }

  #closeFile(): void {
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
  }

  #warn(message: string, error: unknown): void {
    if (this.#hasWarned) return;
    this.#hasWarned = true;
    this.#options.log.warn(message, { file: this.#options.path, error: String(error) });
  }
}

/** FNV-1a: the same in every program. */
function slotOf(topic: string): number {
  let hash = 0x811c_9dc5;
  for (let index = 0; index < topic.length; index += 1) {
    hash = Math.imul(hash ^ topic.charCodeAt(index), 0x0100_0193) >>> 0;
  }
  return hash % marks;
}
