import { randomUUID } from "node:crypto";
import { hasCode, isLovageError, parseDuration, translateErrors } from "@lovage/foundation";
import type { Clock, Log, LovageError } from "@lovage/foundation";
import type { PublishError } from "@lovage/transport";
import type { KeptSchedule, ScheduleStore } from "../book/schedule-store.ts";
import type { ScheduleDefinition } from "../definition/schedule-definition.ts";
import type { ScheduleDocument } from "../definition/schedule-document.ts";
import { ownHeaders } from "../../produce/own-headers.ts";
import { sentAt } from "../../produce/own-time.ts";
import { nextTick, planTicks } from "../tick/plan-ticks.ts";
import type { CallOfSchedule, ScheduledSender } from "../tick/scheduled-sender.ts";
import { tickJitterMs, tickMemoryMs, tickTaskId } from "../tick/tick.ts";
import { writeTick } from "../tick/tick-mark.ts";
import type { OverlapSlot } from "./overlap-slot.ts";

/** What a publisher works with. */
export interface TickPublisherParts {
  readonly app: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly store: ScheduleStore;
  readonly sender: ScheduledSender;
  readonly slot: OverlapSlot;
  readonly missedAfterMs: number;
  /** Whether this beat may still publish. */
  readonly isLeader: () => boolean;
  readonly onPublished: (instantMs: number) => void;
}

/** When ticks are published. */
export interface PublishTime {
  /** When the schedule was found to be due. */
  readonly nowMs: number;
  /** This beat has tried before, and could not. */
  readonly wasTried: boolean;
}

/** What code of the user's threw while a call was made: its schema, `routes`. */
class CallFault extends Error {
  readonly thrown: unknown;

  constructor(thrown: unknown) {
    super("The call of a schedule cannot be made.");
    this.thrown = thrown;
  }
}

/**
 * Publishes what is due. A tick is published first and recorded then: a crash between the two has the next leader publish it again, under the same task
 * id, and workers run one of the two messages (see `claimTick`). So none is lost, and none runs twice.
 */
export class TickPublisher {
  readonly #parts: TickPublisherParts;

  /** When a tick of a schedule was last found to wait for another run, by the monotonic clock. */
  readonly #waitedAtMs = new Map<string, number>();

  constructor(parts: TickPublisherParts) {
    this.#parts = parts;
  }

  /**
   * Publishes the due ticks of one schedule.
   * @returns whether one waits for another run to end
   * @throws what may be mended by trying again; nothing is lost
   */
  async publish(kept: KeptSchedule, { nowMs, wasTried }: PublishTime): Promise<boolean> {
    const { clock, log, isLeader } = this.#parts;
    const { name, document, progress, lastRunAtMs = -Infinity } = kept;
    const missedAfterMs = this.#missedAfterMs(name);
    const plan = planTicks(document.definition, progress, { nowMs, missedAfterMs, wasTried });
    if (plan.skippedToMs !== undefined) {
      log.warn("Ticks were missed and are not made up for.", { schedule: name });
      await this.#passOver(kept, plan.skippedToMs);
    }
    let publishedMs = lastRunAtMs;
    for (const instantMs of plan.instants) {
      if (!isLeader()) return false;
      if (await this.#publishOne(kept, instantMs, publishedMs)) {
        this.#waitedAtMs.set(name, clock.monotonic());
        return true;
      }
      this.#waitedAtMs.delete(name);
      publishedMs = instantMs;
    }
    return false;
  }

  /** What has waited until now is late and was not missed: this beat was there. */
  #missedAfterMs(name: string): number {
    const { clock, missedAfterMs } = this.#parts;
    const waitedAtMs = this.#waitedAtMs.get(name) ?? -Infinity;
    return clock.monotonic() - waitedAtMs < missedAfterMs ? Infinity : missedAfterMs;
  }

  /**
   * @param publishedMs instant of the latest tick that was recorded
   * @returns whether it waits
   */
  async #publishOne(kept: KeptSchedule, instantMs: number, publishedMs: number): Promise<boolean> {
    const { app, log, slot } = this.#parts;
    const { definition } = kept.document;
    const { name } = definition;
    const taskId = tickTaskId({ app, schedule: name, instantMs });
    const wanted = { taskId, instantMs, publishedMs };
    try {
      const turn = await slot.take(definition, wanted);
      if (turn === "wait") return true;
      if (turn === "publish") {
        await this.#send(definition, instantMs, taskId);
        return false;
      }
      if (turn !== "skip") {
        await this.#publishOne(kept, turn.firstMs, publishedMs);
        return await this.#publishOne(kept, instantMs, turn.firstMs);
      }
      log.info("A tick is left out: the run before it goes on.", { schedule: name, instant: iso(instantMs) });
    } catch (error) {
      if (mayPass(error)) throw error;
      const fields = {
        schedule: name,
        instant: iso(instantMs),
        error: error instanceof CallFault ? error.thrown : error,
      };
      log.error("A tick cannot be published; it is left out.", fields);
      await slot.free(definition, wanted);
    }
    await this.#passOver(kept, instantMs);
    return false;
  }

  async #send(definition: ScheduleDefinition, instantMs: number, taskId: string): Promise<void> {
    const { app, clock, log, sender, store, onPublished } = this.#parts;
    const { name, task, jitterMs } = definition;
    const keepMs = memoryOf(definition, instantMs);
    const mark = writeTick({ attempt: randomUUID(), keepMs });
    const delayMs = tickJitterMs({ app, schedule: name, instantMs }, jitterMs);
    const call = {
      taskId,
      headers: { scheduled_at: iso(instantMs) },
      [ownHeaders]: mark,
      [sentAt]: clock.now(),
      ...(delayMs === 0 ? {} : this.#dueAt(definition, instantMs + delayMs)),
    };
    await translateErrors(
      () => sender.send(definition, call),
      (error) => (isLovageError(error) ? error : new CallFault(error)),
    );
    await store.record(name, instantMs, keepMs);
    onPublished(instantMs);
    log.info("Tick published.", { schedule: name, task, taskId, instant: iso(instantMs) });
  }

  /** A tick that is put off expires as long after its turn as others after theirs. */
  #dueAt({ options: { expires } }: ScheduleDefinition, dueAtMs: number): CallOfSchedule {
    const eta = new Date(dueAtMs);
    if (expires === undefined) return { eta };
    const fromMs = Math.max(dueAtMs, this.#parts.clock.now());
    return { eta, expires: new Date(fromMs + parseDuration(expires, { field: "expires" })) };
  }

  async #passOver(kept: KeptSchedule, toMs: number): Promise<void> {
    const change = (there: KeptSchedule | undefined): ScheduleDocument | undefined =>
      there === undefined || there.document.doneMs >= toMs ? undefined : { ...there.document, doneMs: toMs };
    await this.#parts.store.change(kept.name, change, { there: kept });
  }
}

/** What a schedule's own call meets for good, its size or what the user's code says, is met again by each of its ticks, and passes by none of them. */
function mayPass(error: unknown): boolean {
  if (error instanceof CallFault) return false;
  return !isLovageError(error) || error.retryable || error.code === "CLOSED" || isRefusal(error);
}

/** The broker said no. That passes once its memory has room, or somebody has given the permission; whose call it refuses for good is told again and again. */
function isRefusal(error: LovageError): boolean {
  const { failures } = error as Partial<PublishError>;
  return (
    error.code === "TRANSPORT_REJECTED" ||
    (failures ?? []).some(({ error: each }) => hasCode(each, "TRANSPORT_REJECTED"))
  );
}

function memoryOf(definition: ScheduleDefinition, instantMs: number): number {
  const nextMs = nextTick(definition, { doneMs: instantMs, runs: 0 }) ?? Infinity;
  return tickMemoryMs(nextMs - instantMs);
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
