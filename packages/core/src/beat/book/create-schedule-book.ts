import { checkName, LovageError, OptionError } from "@lovage/foundation";
import type { AnyTask } from "../../app/any-task.ts";
import { checkInteger } from "../../app/check-option.ts";
import type { AppRuntime } from "../../app/app-runtime.ts";
import { ServerClock, serverTimeOf } from "../../app/server-clock.ts";
import type { AsyncResult } from "../../result/async-result.ts";
import { sentAt } from "../../produce/own-time.ts";
import { requireResults } from "../definition/require-results.ts";
import { defineSchedule } from "../definition/schedule-definition.ts";
import type { ScheduleDefinition } from "../definition/schedule-definition.ts";
import type { ScheduleDocument } from "../definition/schedule-document.ts";
import type { ScheduleOptions } from "../definition/schedule-options.ts";
import type { ScheduledSender } from "../tick/scheduled-sender.ts";
import type { CodeSchedules } from "./code-schedules.ts";
import { updated } from "./copy-code-schedules.ts";
import { openScheduleStore } from "./open-schedule-store.ts";
import type { KeptSchedule, ScheduleStore } from "./schedule-store.ts";
import type { ScheduleBook } from "./schedule-book.ts";
import { nextTicks, toEntry } from "./schedule-entry.ts";
import type { EntryParts, ScheduleEntry } from "./schedule-entry.ts";

/** What a book is made of. */
export interface ScheduleBookParts {
  readonly runtime: AppRuntime;
  readonly code: CodeSchedules;
  readonly sender: ScheduledSender;
}

/** The schedules of an app. Nothing is opened before it is needed. */
export function createScheduleBook(parts: ScheduleBookParts): ScheduleBook {
  return new StoredBook(parts);
}

class StoredBook implements ScheduleBook {
  readonly #parts: ScheduleBookParts;
  #clock: ServerClock | undefined;

  constructor(parts: ScheduleBookParts) {
    this.#parts = parts;
  }

  async list(): Promise<readonly ScheduleEntry[]> {
    const all = await this.#all();
    return [...all.keys()].toSorted().map((name) => toEntry(all.get(name) as EntryParts));
  }

  async get(name: string): Promise<ScheduleEntry | undefined> {
    checkName(name, { kind: "schedule" });
    const parts = (await this.#all()).get(name);
    return parts && toEntry(parts);
  }

  async set<T extends AnyTask | string>(name: string, options: ScheduleOptions<T>): Promise<void> {
    const definition = defineSchedule(name, options);
    const store = await this.#store();
    requireResults(definition, this.#parts.runtime.tasks.get(definition.task)?.options);
    const nowMs = await this.#nowMs();
    await store.change(name, (there) => {
      this.#refuseCode(name, there, "Change it");
      return { ...updated(there, definition, nowMs), source: "store" };
    });
  }

  async pause(name: string): Promise<void> {
    await this.#switch(name, (parts) => ({ ...parts, isPaused: true }));
  }

  async resume(name: string): Promise<void> {
    await this.#switch(name, (parts, nowMs) => (parts.isPaused ? { ...parts, isPaused: false, doneMs: nowMs } : parts));
  }

  async remove(name: string): Promise<void> {
    checkName(name, { kind: "schedule" });
    const store = await this.#store();
    const there = (await store.list()).get(name);
    this.#refuseCode(name, there, "Pause it, or remove it");
    if (there === undefined) throw notFound(name);
    await store.remove(name);
  }

  async run(name: string): Promise<AsyncResult<unknown>> {
    const { definition } = await this.#find(name);
    return this.#parts.sender.send(definition, { [sentAt]: await this.#nowMs() });
  }

  async next(name: string, count = 1): Promise<readonly Date[]> {
    checkInteger(count, "count", { min: 1, max: 1_000 });
    const { definition, progress } = await this.#find(name);
    return nextTicks(definition, progress, count).map((atMs) => new Date(atMs));
  }

  async #switch(name: string, change: (document: ScheduleDocument, nowMs: number) => ScheduleDocument): Promise<void> {
    checkName(name, { kind: "schedule" });
    const store = await this.#store();
    const nowMs = await this.#nowMs();
    const inCode = this.#parts.code.all().get(name);
    await store.change(name, (there) => {
      if (there !== undefined) return change(there.document, nowMs);
      if (inCode === undefined) throw notFound(name);
      return change(updated(undefined, inCode, nowMs), nowMs);
    });
  }

  async #find(name: string): Promise<EntryParts> {
    checkName(name, { kind: "schedule" });
    const parts = (await this.#all()).get(name);
    if (parts === undefined) throw notFound(name);
    return parts;
  }

  /** What is in the store, and what the code has that no beat has copied there yet. */
  async #all(): Promise<ReadonlyMap<string, EntryParts>> {
    const kept = await (await this.#store()).list();
    const nowMs = await this.#nowMs();
    const entries = new Map<string, EntryParts>();
    for (const definition of this.#parts.code.all().values()) entries.set(definition.name, unseen(definition, nowMs));
    for (const { name, document, progress, lastRunAtMs } of kept.values()) {
      const definition = entries.get(name)?.definition ?? document.definition;
      entries.set(name, { ...document, definition, progress, lastRunAtMs });
    }
    return entries;
  }

  #refuseCode(name: string, there: KeptSchedule | undefined, what: string): void {
    if (!this.#parts.code.all().has(name) && there?.document.source !== "code") return;
    throw new OptionError(`Schedule "${name}" is one of the app's code. ${what} there.`, { field: "name" });
  }

  #store(): Promise<ScheduleStore> {
    return openScheduleStore(this.#parts.runtime);
  }

  /** By the store's clock, as the beat's: what is done up to an hour that has not come yet would be passed over. */
  async #nowMs(): Promise<number> {
    const { runtime } = this.#parts;
    const { clock, log } = runtime;
    this.#clock ??= new ServerClock({ clock, log, ask: serverTimeOf(await runtime.backend()) });
    await this.#clock.refresh(0);
    return this.#clock.now();
  }
}

function unseen(definition: ScheduleDefinition, nowMs: number): EntryParts {
  return {
    definition,
    source: "code",
    isPaused: false,
    progress: { doneMs: nowMs, runs: 0 },
    lastRunAtMs: undefined,
  };
}

function notFound(name: string): LovageError {
  return new LovageError(
    `There is no schedule ${JSON.stringify(name)}. \`lovage schedules list\` shows those there are.`,
    {
      code: "SCHEDULE_NOT_FOUND",
    },
  );
}
