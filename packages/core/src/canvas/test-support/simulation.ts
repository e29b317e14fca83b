import { decodeTask } from "../../protocol/decode-task.ts";
import { describeError } from "../../protocol/describe-error.ts";
import { encodeTask } from "../../protocol/encode-task.ts";
import type { TaskCall } from "../../protocol/task-call.ts";
import type { AsyncResult } from "../../result/async-result.ts";
import type { CanvasSender, WorkflowEnd } from "../canvas-sender.ts";
import { chordBody } from "../chord-body.ts";
import { createSignature } from "../create-signature.ts";
import { expandFollowUps } from "../expand-follow-ups.ts";
import type { FollowUp, FollowUps, JoinNeeded, TaskOutcome } from "../follow-up.ts";
import type { NeedsNothing, Signature } from "../signature.ts";
import type { SignatureOptions } from "../signature-options.ts";

type Handler = (...args: unknown[]) => unknown;

/** What became of one task. */
export type Ended = TaskOutcome & { readonly lost: boolean };

interface Join {
  readonly size: number;
  readonly members: Map<string, { readonly index: number; readonly payload: string }>;
  completedBy?: string;
}

/**
 * A whole deployment in memory: sends, runs and joins workflows as an app and its workers would, over encoded messages. Every delivery may be
 * made twice, as after a crash between the result and the acknowledgement.
 */
export class Simulation implements CanvasSender {
  readonly origin = "gen1@test";
  /** By id of the task. */
  readonly ended = new Map<string, Ended>();
  /** Every call that was sent, in order; second copies of a step are not in it. */
  readonly sent: FollowUp[] = [];
  /** How often each task was run. */
  readonly runs = new Map<string, number>();
  readonly joins = new Map<string, Join>();

  readonly #handlers: Readonly<Record<string, Handler>>;
  readonly #options: { readonly redeliver: boolean; readonly dialect: "lovage" | "celery" };
  readonly #queue: TaskCall[] = [];
  #ids = 0;

  constructor(
    handlers: Readonly<Record<string, Handler>>,
    options: { readonly redeliver?: boolean; readonly dialect?: "lovage" | "celery" } = {},
  ) {
    this.#handlers = handlers;
    this.#options = { redeliver: false, dialect: "lovage", ...options };
  }

  /** `task.s`, without its types. */
  s(task: string, ...args: readonly unknown[]): Signature<[], unknown> {
    return createSignature({ task, args, sender: () => this });
  }

  /** `task.si`, without its types. */
  si(task: string, ...args: readonly unknown[]): Signature<NeedsNothing, unknown> {
    const signature = createSignature({ task, args, immutable: true, sender: () => this });
    return signature;
  }

  async ready(): Promise<void> {
    await Promise.resolve();
  }

  settingsOf(_task: string, options: SignatureOptions) {
    const { taskId, kwargs, queue = "default", countdown, priority } = options;
    return {
      queue,
      ...(taskId !== undefined && { taskId }),
      ...(kwargs !== undefined && { kwargs }),
      ...(priority !== undefined && { priority }),
      ...(typeof countdown === "number" && { countdownMs: countdown }),
    };
  }

  newId(): string {
    this.#ids += 1;
    return `${String(this.#ids).padStart(8, "0")}-1111-4111-8111-111111111111`;
  }

  nowMs(): number {
    return 0;
  }

  parent(): TaskCall | undefined {
    return undefined;
  }

  async send(sends: readonly FollowUp[], joins: readonly JoinNeeded[]): Promise<void> {
    await Promise.resolve();
    this.#open(joins);
    this.#enqueue(sends);
  }

  result({ taskId }: WorkflowEnd): AsyncResult<unknown> {
    const get = async (): Promise<unknown> => {
      await Promise.resolve();
      const ended = this.ended.get(taskId);
      if (ended?.state === "SUCCESS") return ended.value;
      throw new Error(ended === undefined ? "PENDING" : `${ended.exception.type}: ${ended.exception.message}`);
    };
    return { id: taskId, get } as AsyncResult<unknown>;
  }

  /**
   * Runs until nothing is left to run.
   * @param pick Which of so many waiting calls comes next. @default the oldest
   */
  run(pick: (waiting: number) => number = () => 0): void {
    while (this.#queue.length > 0) {
      const [call] = this.#queue.splice(pick(this.#queue.length), 1) as [TaskCall];
      this.#deliver(call);
      if (this.#options.redeliver) this.#deliver(call);
    }
  }

  /** The calls sent so far, as `name(arguments)`. */
  history(): readonly string[] {
    return this.sent.map(({ call }) => `${call.task}(${JSON.stringify(call.args).slice(1, -1)})`);
  }

  #deliver(call: TaskCall): void {
    const outcome = this.#outcomeOf(call);
    this.ended.set(call.id, { ...outcome, lost: false });
    const due: FollowUps[] = [expandFollowUps(call, outcome, { nowMs: 0 })];
    for (let followUps = due.pop(); followUps !== undefined; followUps = due.pop()) {
      this.#open(followUps.joins);
      for (const { taskId, state, exception } of followUps.lost) {
        if (!this.ended.has(taskId)) this.ended.set(taskId, { state, exception, lost: true });
      }
      for (const arrival of followUps.arrivals) due.push(...this.#arrive(arrival, call));
      this.#enqueue(followUps.sends);
    }
  }

  #outcomeOf(call: TaskCall): TaskOutcome {
    const before = this.ended.get(call.id);
    if (before !== undefined) return before;
    this.runs.set(call.id, (this.runs.get(call.id) ?? 0) + 1);
    try {
      return { state: "SUCCESS", value: this.#handlers[call.task]?.(...call.args, ...Object.values(call.kwargs)) };
    } catch (error) {
      return { state: "FAILURE", exception: describeError(error) };
    }
  }

  #arrive({ arrival, body }: FollowUps["arrivals"][number], completing: TaskCall): readonly FollowUps[] {
    const join = this.joins.get(arrival.joinId);
    if (join === undefined) return [];
    if (!join.members.has(arrival.memberId)) join.members.set(arrival.memberId, arrival);
    if (join.members.size === join.size) join.completedBy ??= arrival.memberId;
    if (join.completedBy !== arrival.memberId) return [];
    const members = [...join.members.values()].toSorted((a, b) => a.index - b.index);
    return [chordBody(members, { body, completing }, { nowMs: 0 })];
  }

  #open(joins: readonly JoinNeeded[]): void {
    for (const { joinId, size } of joins) {
      if (!this.joins.has(joinId)) this.joins.set(joinId, { size, members: new Map() });
    }
  }

  #enqueue(sends: readonly FollowUp[]): void {
    for (const send of sends) {
      // A broker or a backend drops the second copy of a step.
      if (this.sent.some(({ call }) => call.id === send.call.id)) continue;
      this.sent.push(send);
      this.#queue.push(decodeTask(encodeTask(send.call, { dialect: this.#options.dialect })));
    }
  }
}
