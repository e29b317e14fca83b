import { OptionError, quoteValue } from "@lovage/foundation";
import type { AppRuntime, SendOptions } from "../app/app-runtime.ts";
import type { ApplyOptions } from "../app/apply-options.ts";
import type { ManyCallOptions } from "../app/call-options.ts";
import type { CallSender } from "../app/call-sender.ts";
import type { TaskDeclaration } from "../app/task-declaration.ts";
import type { TaskDefinition } from "../app/task-definition.ts";
import { freeze } from "../canvas/freeze.ts";
import type { Canvas } from "../canvas/signature.ts";
import type { CallEmbed, WireSignature } from "../protocol/task-call.ts";
import type { CanvasSender } from "../canvas/canvas-sender.ts";
import type { AsyncResult } from "../result/async-result.ts";
import { createResult } from "../result/create-result.ts";
import type { ResultSource } from "../result/result-source.ts";
import { CallDefaults } from "./call-defaults.ts";
import { checkArguments } from "./check-arguments.ts";
import { checkCallOptions } from "./check-call-options.ts";
import type { CheckedCallOptions } from "./check-call-options.ts";
import { createCall } from "./create-call.ts";

const noEmbed: CallEmbed = Object.freeze({});

/** What sends the calls of an app's tasks. */
export interface CallSenderOptions {
  readonly runtime: AppRuntime;
  readonly results: ResultSource;
  readonly canvas: CanvasSender;
  /** A declaration with the app's defaults, once the configuration is loaded. */
  define(declaration: TaskDeclaration): TaskDefinition;
}

/** Checks calls, sends them, and gives the handles of their results. */
export class BrokerCallSender implements CallSender {
  readonly canvas: CanvasSender;
  readonly #options: CallSenderOptions;
  readonly #defaults = new CallDefaults();

  constructor(options: CallSenderOptions) {
    this.#options = options;
    this.canvas = options.canvas;
  }

  async send(
    task: TaskDeclaration,
    args: readonly unknown[],
    options?: ApplyOptions<unknown>,
  ): Promise<AsyncResult<unknown>> {
    const [result] = await this.#sendAll(task, [args], checkCallOptions(options));
    return result as AsyncResult<unknown>;
  }

  async sendMany(
    task: TaskDeclaration,
    argsList: readonly (readonly unknown[])[],
    options?: ManyCallOptions,
  ): Promise<readonly AsyncResult<unknown>[]> {
    const checked = checkCallOptions(options);
    if (checked.taskId !== undefined) {
      throw new OptionError("Many calls cannot share one taskId: leave it out.", { field: "taskId" });
    }
    return this.#sendAll(task, argsList, checked);
  }

  async #sendAll(
    task: TaskDeclaration,
    argsList: readonly (readonly unknown[])[],
    options: CheckedCallOptions,
  ): Promise<readonly AsyncResult<unknown>[]> {
    const { runtime, results } = this.#options;
    checkArgsList(task.name, argsList);
    await runtime.ready();
    const definition = this.#options.define(task);
    const merged = this.#defaults.merge(definition, options);
    const { kwargs } = options;
    if (definition.input !== undefined || kwargs !== undefined) {
      for (const args of argsList) await checkArguments(definition, { args, kwargs });
    }
    const nowMs = runtime.clock.now();
    const embed = await this.#embedOf(merged);
    const calls = argsList.map((args) => createCall(definition, { args, embed, options: merged, nowMs }));
    await runtime.producer.send(calls, toSendOptions(merged));
    const context = {
      source: results,
      ignored: merged.ignoreResult === true,
      expiresMs: definition.options.resultExpiresMs,
    };
    return calls.map(({ id }) => createResult(id, context));
  }

  async #embedOf({ link, linkError }: CheckedCallOptions): Promise<CallEmbed> {
    if (link === undefined && linkError === undefined) return noEmbed;
    await this.canvas.ready();
    const freezeAll = (list: readonly Canvas[]): readonly WireSignature[] =>
      list.map(({ blueprint }) => freeze(blueprint, this.canvas).signature);
    return { callbacks: freezeAll(link ?? []), errbacks: freezeAll(linkError ?? []) };
  }
}

function checkArgsList(task: string, argsList: unknown): void {
  if (!Array.isArray(argsList)) {
    throw new OptionError(
      `Many calls of task "${task}" take an array with an array of arguments for each; it is ${quoteValue(argsList)}.`,
      { field: "args" },
    );
  }
  const wrong = argsList.findIndex((args) => !Array.isArray(args));
  if (wrong < 0) return;
  throw new OptionError(
    `The arguments of a call of task "${task}" must be an array; they are ${quoteValue(argsList[wrong])}.`,
    { field: "args" },
  );
}

function toSendOptions({ queue, countdownMs, etaMs, transaction }: CheckedCallOptions): SendOptions {
  const options: { -readonly [Key in keyof SendOptions]: SendOptions[Key] } = {};
  if (queue !== undefined) options.queue = queue;
  if (countdownMs !== undefined) options.countdownMs = countdownMs;
  if (etaMs !== undefined) options.etaMs = etaMs;
  if (transaction !== undefined) options.transaction = transaction;
  return options;
}
