import { OptionError, quoteValue } from "@lovage/foundation";
import type { AppRuntime, SendOptions } from "../app/app-runtime.ts";
import type { ApplyOptions } from "../app/apply-options.ts";
import type { ManyCallOptions } from "../app/call-options.ts";
import type { CallSender } from "../app/call-sender.ts";
import type { TaskDeclaration } from "../app/task-declaration.ts";
import type { TaskDefinition } from "../app/task-definition.ts";
import { freeze } from "../canvas/freeze.ts";
import type { Canvas } from "../canvas/signature.ts";
import { checkTaskIds, partsOfBlueprints } from "../canvas/walk-blueprint.ts";
import type { CallEmbed, WireSignature } from "../protocol/task-call.ts";
import { snapshot } from "../protocol/snapshot.ts";
import type { CanvasSender } from "../canvas/canvas-sender.ts";
import { sendDelay } from "../canvas/send-delay.ts";
import type { AsyncResult } from "../result/async-result.ts";
import { createResult } from "../result/create-result.ts";
import type { ResultContext } from "../result/create-result.ts";
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

/** What the calls of one request have in common. */
interface Sending {
  readonly definition: TaskDefinition;
  /** Those of the call, with the task's own beneath. */
  readonly options: CheckedCallOptions;
  readonly embed: CallEmbed;
  readonly how: SendOptions;
  readonly context: ResultContext;
}

/** Checks calls, sends them, and gives the handles of their results. */
export class BrokerCallSender implements CallSender {
  readonly canvas: CanvasSender;
  readonly #options: CallSenderOptions;
  readonly #defaults = new CallDefaults();
  /** Of tasks whose calls have nothing to be checked beyond what encoding checks, when they are given no options. */
  readonly #usual = new WeakMap<TaskDefinition, Sending>();

  constructor(options: CallSenderOptions) {
    this.#options = options;
    this.canvas = options.canvas;
  }

  async send(
    task: TaskDeclaration,
    args: readonly unknown[],
    options?: ApplyOptions<unknown>,
  ): Promise<AsyncResult<unknown>> {
    const checked = checkCallOptions(options, task.name);
    checkArgs(task.name, args);
    const known = this.#knownSending(task, checked, options === undefined);
    // As the user's objects are now: what is not encoded at once could be changed meanwhile.
    const given = known === undefined ? snapshot(args) : args;
    const sending = known ?? (await this.#prepare(task, [given], checked));
    const { runtime } = this.#options;
    const { definition, options: merged, embed } = sending;
    const nowMs = merged.sentAtMs ?? runtime.clock.now();
    const call = createCall(definition, { args: given, embed, options: merged, nowMs });
    await runtime.producer.send([call], sending.how);
    return createResult(call.id, sending.context);
  }

  async sendMany(
    task: TaskDeclaration,
    argsList: readonly (readonly unknown[])[],
    options?: ManyCallOptions,
  ): Promise<readonly AsyncResult<unknown>[]> {
    const checked = checkCallOptions(options, task.name);
    if (checked.taskId !== undefined) {
      throw new OptionError(`Many calls of task "${task.name}" cannot share one taskId: leave it out.`, {
        field: "taskId",
      });
    }
    if (checked.link !== undefined || checked.linkError !== undefined) {
      throw new OptionError(
        `Many calls of task "${task.name}" cannot share one link, which has one id: send a group of signatures that have each their own.`,
        { field: "link" },
      );
    }
    checkArgsList(task.name, argsList);
    const known = this.#knownSending(task, checked, options === undefined);
    const given = known === undefined ? snapshot(argsList) : argsList;
    const sending = known ?? (await this.#prepare(task, given, checked));
    const { runtime } = this.#options;
    const { definition, options: merged, embed } = sending;
    const nowMs = runtime.clock.now();
    const calls = given.map((args) => createCall(definition, { args, embed, options: merged, nowMs }));
    await runtime.producer.send(calls, sending.how);
    return calls.map(({ id }) => createResult(id, sending.context));
  }

  /** What can be said of a call at once: of the usual one, without options, what was worked out for an earlier call. */
  #knownSending(task: TaskDeclaration, options: CheckedCallOptions, isUsual: boolean): Sending | undefined {
    if (!this.#options.runtime.isReady) return undefined;
    const definition = this.#options.define(task);
    if (isUsual) {
      const known = this.#usual.get(definition);
      if (known !== undefined) return known;
    }
    const { kwargs, link, linkError } = options;
    const isPlain = kwargs === undefined && link === undefined && linkError === undefined;
    if (definition.input !== undefined || !isPlain) return undefined;
    const sending = this.#sendingOf(definition, options, noEmbed);
    if (isUsual) this.#usual.set(definition, sending);
    return sending;
  }

  async #prepare(
    task: TaskDeclaration,
    argsList: readonly (readonly unknown[])[],
    options: CheckedCallOptions,
  ): Promise<Sending> {
    await this.#options.runtime.ready();
    const definition = this.#options.define(task);
    const { kwargs } = options;
    if (definition.input !== undefined || kwargs !== undefined) {
      for (const args of argsList) await checkArguments(definition, { args, kwargs });
    }
    return this.#sendingOf(definition, options, await this.#embedOf(options));
  }

  #sendingOf(definition: TaskDefinition, options: CheckedCallOptions, embed: CallEmbed): Sending {
    const { results, runtime } = this.#options;
    const nowMs = options.sentAtMs ?? runtime.clock.now();
    const merged = this.#defaults.merge(definition, options, nowMs);
    const context = {
      source: results,
      ignored: merged.ignoreResult === true,
      // A worker that starts late must still find it cancelled when it is due.
      expiresMs: definition.options.resultExpiresMs + sendDelay(merged, nowMs),
    };
    return { definition, options: merged, embed, how: toSendOptions(merged), context };
  }

  async #embedOf({ link, linkError, taskId }: CheckedCallOptions): Promise<CallEmbed> {
    if (link === undefined && linkError === undefined) return noEmbed;
    const parts = partsOfBlueprints([...(link ?? []), ...(linkError ?? [])].map(({ blueprint }) => blueprint));
    checkTaskIds(parts, taskId);
    await this.canvas.ready(parts);
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
  for (const args of argsList) checkArgs(task, args);
}

function checkArgs(task: string, args: unknown): void {
  if (Array.isArray(args)) return;
  throw new OptionError(`The arguments of a call of task "${task}" must be an array; they are ${quoteValue(args)}.`, {
    field: "args",
  });
}

function toSendOptions({ queue, countdownMs, etaMs, transaction }: CheckedCallOptions): SendOptions {
  const options: { -readonly [Key in keyof SendOptions]: SendOptions[Key] } = {};
  if (queue !== undefined) options.queue = queue;
  if (countdownMs !== undefined) options.countdownMs = countdownMs;
  if (etaMs !== undefined) options.etaMs = etaMs;
  if (transaction !== undefined) options.transaction = transaction;
  return options;
}
