import { checkedCoordination, checkedJoins, checkedSchedules, defaultMaxDocumentBytes } from "@lovage/backend";
import type { Backend, BackendCapabilities, Coordination, Joins, Schedules } from "@lovage/backend";
import type { Clock } from "@lovage/foundation";
import { readOptions, systemClock } from "@lovage/foundation";
import { MemoryCoordination } from "./coordination.ts";
import { MemoryJoins } from "./joins.ts";
import type { MemoryBackendOptions } from "./options.ts";
import { memoryBackendOptions } from "./options.ts";
import { MemoryResults } from "./results.ts";
import { MemorySchedules } from "./schedules.ts";
import { Session } from "./session.ts";
import type { StoreLoan } from "./store-registry.ts";
import { StoreRegistry } from "./store-registry.ts";

// The one place where the backends of a process can meet by name.
const registry = new StoreRegistry();

/** What {@link memoryBackend} opens. */
export interface MemoryBackendSettings extends MemoryBackendOptions {
  /**
   * Backends of the same name (and the same clock) share what they store.
   * @default "" (the one of `memory:`)
   */
  readonly name?: string;
  /** @default the machine's clock */
  readonly clock?: Clock;
}

/** A backend in memory: gone with the process, and with the last backend of its name that is closed. */
export function memoryBackend(settings: MemoryBackendSettings = {}): Backend {
  const { name = "", clock = systemClock, ...options } = settings;
  return new MemoryBackend(
    registry.lend(clock, name),
    clock,
    readOptions(memoryBackendOptions, options, "The memory backend"),
  );
}

/**
 * | state  | parts                  | sweep           | close   |
 * |--------|------------------------|-----------------|---------|
 * | open   | work on the store      | works           | closes  |
 * | closed | reject with `CLOSED`   | rejects so too  | nothing |
 */
class MemoryBackend implements Backend {
  readonly capabilities: BackendCapabilities;
  readonly results: MemoryResults;
  readonly joins: Joins;
  readonly coordination: Coordination;
  readonly schedules: Schedules;
  readonly #session: Session;
  readonly #loan: StoreLoan;

  constructor(loan: StoreLoan, clock: Clock, { maxDocumentBytes = defaultMaxDocumentBytes }: MemoryBackendOptions) {
    this.#loan = loan;
    this.#session = new Session(loan.store, clock);
    this.capabilities = Object.freeze<BackendCapabilities>({
      reach: "process",
      durability: "none",
      readers: "any",
      watch: "push",
      maxDocumentBytes,
    });
    this.results = new MemoryResults(this.#session, maxDocumentBytes);
    this.joins = checkedJoins(new MemoryJoins(this.#session));
    this.coordination = checkedCoordination(new MemoryCoordination(this.#session));
    this.schedules = checkedSchedules(new MemorySchedules(this.#session));
  }

  async sweep(): Promise<number> {
    return this.#session.store.sweep(this.#session.nowMs);
  }

  async close(): Promise<void> {
    if (this.#session.isClosed) return;
    this.#session.close();
    this.#loan.release();
  }
}
