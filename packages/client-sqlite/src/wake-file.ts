import { watch, type FSWatcher } from "node:fs";

import { Multimap, type Clock, type Log, type Timer } from "@lovage/foundation";

import { slotCount, WakeSlots, wordsOfSlot } from "./wake-slots.ts";

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
  /**
   * Says that this one is about to sleep, so that `wakeSleepers` wakes it. Holds until the next call of the listener.
   * @returns whether to look once more before sleeping: what was committed before this was said may have woken nobody. `false` if it had been said already
   */
  fallAsleep(): boolean;
  /** Idempotent. */
  close(): void;
}

interface Listener {
  readonly call: () => void;
  isAsleep: boolean;
}

/** Finds what the watcher missed (container and network mounts): one read of a page. */
const watchedPollMs = 1_000;
const unwatchedPollMs = 100;

/**
 * Wakes sleepers of other programs on this machine. A file beside the database holds one mark a topic. Whoever has committed
 * something changes the topic's mark; sleepers watch the file and compare the marks.
 *
 * No wake-up is lost as long as the sleeper subscribes (for `wakeSleepers`: falls asleep) before it looks, and the waker commits before it announces. A wake-up is a hint: it
 * may come for nothing, and where neither watching nor the slow look at the marks finds it (a file that was deleted) it may be late.
 */
export class WakeFile {
  readonly #options: WakeFileOptions;
  readonly #slots: WakeSlots;
  readonly #listeners = new Multimap<number, Listener>();
  readonly #seen: Uint32Array<ArrayBuffer> = new Uint32Array(slotCount * wordsOfSlot);
  readonly #read: Uint32Array<ArrayBuffer> = new Uint32Array(slotCount * wordsOfSlot);
  #mark = Math.floor(Math.random() * 2 ** 32);
  #watcher: FSWatcher | undefined;
  #poll: Timer | undefined;
  #isClosed = false;
  #hasWarned = false;

  constructor(options: WakeFileOptions) {
    this.#options = options;
    const { path, clock } = options;
    this.#slots = new WakeSlots({ path, clock, onReplaced: () => this.#onReplaced() });
  }

  /** Tells all who have subscribed to a topic, here and elsewhere. Call it after the commit. Never throws. */
  announce(topic: string): void {
    this.#announce(slotOf(topic), () => true);
  }

  /**
   * The same for those who have fallen asleep: where nobody has, a read takes the place of the write, which would make the next commit of a database beside it take longer
   * (a call of 177 µs took 193) and disturb all who watch.
   */
  wakeSleepers(topic: string): void {
    const slot = slotOf(topic);
    this.#announce(slot, () => this.#slots.isAnyoneAsleep(slot));
  }

  /** Calls `listener` after each announcement of the topic, and sometimes for nothing. Subscribe, then look, then sleep. `listener` must not throw. */
  subscribe(topic: string, listener: () => void): WakeSubscription {
    const slot = slotOf(topic);
    // One of its own for each subscription, so that the same listener may be given twice.
    const subscribed: Listener = { call: listener, isAsleep: false };
    if (!this.#isClosed) {
      this.#listeners.add(slot, subscribed);
      if (this.#poll === undefined) this.#start();
    }
    return {
      fallAsleep: () => this.#fallAsleep(slot, subscribed),
      close: () => {
        this.#listeners.delete(slot, subscribed);
        if (this.#listeners.size === 0) this.#stop();
      },
    };
  }

  /** Idempotent. No listener is called afterwards. */
  close(): void {
    this.#isClosed = true;
    this.#listeners.clear();
    this.#stop();
    this.#slots.close();
  }

  #announce(slot: number, isAwaited: () => boolean): void {
    if (this.#isClosed) return;
    try {
      if (isAwaited()) this.#change(slot);
    } catch (error) {
      this.#warn("Sleepers of other programs cannot be woken and will look by themselves, later", error);
    }
    this.#call(slot);
  }

  #change(slot: number): void {
    // Odd steps from a random start: the mark differs from what any program wrote just before.
    this.#mark = (this.#mark + 0x9e37_79b1) >>> 0;
    this.#seen[slot * wordsOfSlot] = this.#mark;
    this.#slots.mark(slot, this.#mark);
  }

  #fallAsleep(slot: number, listener: Listener): boolean {
    if (this.#isClosed) return false;
    try {
      const isSaid = this.#slots.isAnyoneAsleep(slot);
      // Said by another one alone it does not count: what came before that woke nobody.
      if (isSaid && listener.isAsleep) return false;
      if (!isSaid) this.#slots.sleep(slot);
    } catch (error) {
      this.#warn("Nobody can be told that this program sleeps; it looks by itself", error);
      return false;
    }
    listener.isAsleep = true;
    return true;
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
      this.#slots.open();
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
    if (event === "rename") this.#slots.distrust();
    this.#look();
  }

  /** In the new file nobody has said that it sleeps, and the old one may have held an announcement. */
  #onReplaced(): void {
    if (this.#watcher !== undefined) {
      this.#unwatch();
      this.#watch();
    }
    const slots = [...this.#listeners.keys()];
    for (const slot of slots) this.#call(slot);
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
      if (this.#seen[slot * wordsOfSlot] !== this.#read[slot * wordsOfSlot]) changed.push(slot);
    }
    this.#seen.set(this.#read);
    for (const slot of changed) this.#call(slot);
  }

  #readMarks(): boolean {
    try {
      this.#slots.readAll(this.#read);
      return true;
    } catch (error) {
      this.#warn("The wake file cannot be read; sleepers look by themselves", error);
      return false;
    }
  }

  #call(slot: number): void {
    for (const listener of this.#listeners.get(slot)) {
      listener.isAsleep = false;
      listener.call();
    }
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
  return hash % slotCount;
}
