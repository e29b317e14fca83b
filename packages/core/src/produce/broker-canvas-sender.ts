import { randomUUID } from "node:crypto";
import type { Joins } from "@lovage/backend";
import { isLovageError, OptionError } from "@lovage/foundation";
import { FeatureUnsupportedError } from "@lovage/transport";
import type { AppRuntime } from "../app/app-runtime.ts";
import { currentTask } from "../app/current-task.ts";
import type { CanvasSender, WorkflowEnd, WorkflowNeeds } from "../canvas/canvas-sender.ts";
import type { FollowUp, JoinNeeded } from "../canvas/follow-up.ts";
import { joinOpenings } from "../canvas/join-openings.ts";
import type { SignatureOptions } from "../canvas/signature-options.ts";
import type { StepSettings } from "../protocol/signature-settings.ts";
import type { TaskCall } from "../protocol/task-call.ts";
import type { AsyncResult } from "../result/async-result.ts";
import { createResult } from "../result/create-result.ts";
import type { ResultSource } from "../result/result-source.ts";
import type { BrokerProducer } from "./broker-producer.ts";
import { CallDefaults } from "./call-defaults.ts";
import { checkArguments } from "./check-arguments.ts";
import { checkCallOptions } from "./check-call-options.ts";
import { origin } from "./create-call.ts";

/** What workflows are sent with. */
export interface BrokerCanvasSenderOptions {
  readonly runtime: AppRuntime;
  readonly producer: BrokerProducer;
  readonly results: ResultSource;
  /** The queue of a task's calls. */
  queueOf(task: string): string;
}

const dayMs = 86_400_000;

/** What workflows need of an app. */
export class BrokerCanvasSender implements CanvasSender {
  readonly origin: string = origin;
  readonly #options: BrokerCanvasSenderOptions;
  readonly #defaults = new CallDefaults();
  #replyTo: string | undefined;

  constructor(options: BrokerCanvasSenderOptions) {
    this.#options = options;
  }

  get replyTo(): string | undefined {
    return this.#replyTo;
  }

  async ready({ tasks, needsJoins }: WorkflowNeeds): Promise<void> {
    const { runtime, producer } = this.#options;
    await runtime.ready();
    this.#replyTo = await producer.replyTo();
    // What others run may have a backend that is not known here.
    const isOurs = tasks.every(({ task }) => runtime.tasks.get(task)?.run !== undefined);
    if (needsJoins && isOurs) await this.#requireJoins();
  }

  settingsOf(task: string, options: SignatureOptions): StepSettings & { readonly queue: string } {
    const { link, linkError, transaction, ...checked } = checkCallOptions(options, task);
    if (link !== undefined || linkError !== undefined || transaction !== undefined) {
      throw new OptionError(
        `A signature of task "${task}" takes no link, linkError or transaction as options: use its methods link and onError.`,
        {
          field: "options",
        },
      );
    }
    const definition = this.#options.runtime.tasks.get(task);
    const merged = definition === undefined ? checked : this.#defaults.merge(definition, checked, this.nowMs());
    return { ...merged, queue: merged.queue ?? this.#options.queueOf(task) };
  }

  newId(): string {
    return randomUUID();
  }

  nowMs(): number {
    return this.#options.runtime.clock.now();
  }

  parent(): TaskCall | undefined {
    return currentTask.getStore();
  }

  async send(sends: readonly FollowUp[], joins: readonly JoinNeeded[]): Promise<void> {
    for (const { call } of sends) {
      const task = this.#options.runtime.tasks.get(call.task);
      if (task !== undefined) await checkArguments(task, call);
    }
    const messages = await this.#options.producer.prepareAll(sends);
    if (joins.length > 0) {
      const backend = await this.#joins();
      await Promise.all(joinOpenings({ joins, sends }, this.nowMs()).map((opening) => backend.open(opening)));
    }
    const connection = await this.#options.runtime.connection();
    if (messages.length > 0) await connection.publish(messages);
  }

  result({ taskId, task, ignored, delayMs }: WorkflowEnd): AsyncResult<unknown> {
    const { results, runtime } = this.#options;
    const keptMs = runtime.tasks.get(task)?.options.resultExpiresMs ?? dayMs;
    return createResult(taskId, { source: results, ignored, expiresMs: keptMs + delayMs });
  }

  /** A backend that is away has joins again when it is back: the first step can be sent. */
  async #requireJoins(): Promise<void> {
    try {
      await this.#joins();
    } catch (error) {
      if (!isLovageError(error) || !error.retryable) throw error;
    }
  }

  async #joins(): Promise<Joins> {
    const { runtime } = this.#options;
    const joins = (await runtime.backend())?.joins;
    if (joins !== undefined) return joins;
    throw new FeatureUnsupportedError(
      `A chord needs a backend with joins, such as memory:, sqlite:, redis: or postgres:; app "${runtime.name}" has none.`,
    );
  }
}
