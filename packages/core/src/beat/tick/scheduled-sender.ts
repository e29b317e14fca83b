import type { Headers } from "@lovage/transport";
import type { AsyncResult } from "../../result/async-result.ts";
import type { CallOptions } from "../../app/call-options.ts";
import type { OwnHeaders } from "../../produce/own-headers.ts";
import type { OwnTime } from "../../produce/own-time.ts";
import type { ScheduleDefinition } from "../definition/schedule-definition.ts";

/** Sends a call of a task by its name. */
export type SendByName = (
  task: string,
  args: readonly unknown[],
  options: CallOptions & OwnHeaders & OwnTime,
) => Promise<AsyncResult<unknown>>;

/** What is particular to one call of a schedule. */
export type CallOfSchedule = Pick<CallOptions, "eta" | "expires" | "headers" | "taskId"> & OwnHeaders & OwnTime;

/** Sends the calls of schedules. */
export class ScheduledSender {
  readonly #send: SendByName;

  constructor(send: SendByName) {
    this.#send = send;
  }

  /**
   * Sends one call. The task sees the schedule's name as the header `periodic_task_name`, as with django-celery-beat.
   * @throws as `applyAsync`
   */
  send(
    { name, task, args, kwargs, options }: ScheduleDefinition,
    call: CallOfSchedule = {},
  ): Promise<AsyncResult<unknown>> {
    const headers: Headers = { ...options.headers, periodic_task_name: name, ...call.headers };
    return this.#send(task, args, { ...options, ...call, headers, kwargs });
  }
}
