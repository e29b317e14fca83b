import { backOff } from "@lovage/foundation";
import type { ErrorFilter } from "../../app/task-options.ts";
import type { ResolvedTaskOptions } from "../../app/task-definition.ts";
import type { TaskCall } from "../../protocol/task-call.ts";
import { MaxRetriesExceededError, RetryTooLateError } from "../run/errors.ts";
import type { Outcome } from "../run/outcome.ts";
import { isRetryRequest } from "../run/retry-request.ts";
import type { RetryRequest, RetryTime } from "../run/retry-request.ts";

/** What decides whether a task that threw runs again. */
export interface RetrySituation {
  readonly call: TaskCall;
  readonly options: ResolvedTaskOptions;
  readonly thrown: unknown;
  readonly nowMs: number;
  /** Source of the jitter, from 0 to 1. */
  readonly random: () => number;
  /** Told of an error that a filter of `retryFor` throws; it then fits nothing. */
  readonly onFilterError: (error: unknown) => void;
}

/** Whether a task that threw is retried, and when, or has failed for good. */
export function decideRetry(situation: RetrySituation): Outcome {
  const { call, options, thrown, random } = situation;
  if (isRetryRequest(thrown)) return decideRequest(thrown, situation);
  const time = { countdownMs: backOffMs(options, call.retries, random) };
  const isRetried = call.retries < options.maxRetries && fitsAny(situation) && isInTime(time, situation);
  return isRetried ? { kind: "retry", error: thrown, time } : { kind: "failure", error: thrown, reason: "failed" };
}

function decideRequest(request: RetryRequest, situation: RetrySituation): Outcome {
  const { call, options, random } = situation;
  const { maxRetries = options.maxRetries, cause } = request;
  const { time = { countdownMs: backOffMs(options, call.retries, random) } } = request;
  if (call.retries >= maxRetries) {
    const error = cause ?? new MaxRetriesExceededError(call.task, maxRetries);
    return { kind: "failure", error, reason: "failed" };
  }
  if (!isInTime(time, situation)) {
    return { kind: "failure", error: cause ?? new RetryTooLateError(call.task), reason: "failed" };
  }
  return { kind: "retry", error: cause ?? request, time };
}

/** A retry that has expired when it is due would not run: nobody would be told what the task has failed of. */
function isInTime(time: RetryTime, { call, nowMs }: RetrySituation): boolean {
  const dueAtMs = "etaMs" in time ? Math.max(time.etaMs, nowMs) : nowMs + time.countdownMs;
  return dueAtMs < (call.expiresAtMs ?? Infinity);
}

function backOffMs(options: ResolvedTaskOptions, retries: number, random: () => number): number {
  const { retryBackoffMs: baseMs, retryBackoffMaxMs: maxMs, retryJitter } = options;
  return backOff({ baseMs, maxMs, jitter: retryJitter ? "full" : "none" }, retries, random);
}

function fitsAny({ options: { retryFor }, thrown, onFilterError }: RetrySituation): boolean {
  if (retryFor === undefined || retryFor === true) return retryFor === true;
  return retryFor.some((filter) => {
    try {
      return fits(filter, thrown);
    } catch (error) {
      onFilterError(error);
      return false;
    }
  });
}

function fits(filter: ErrorFilter, thrown: unknown): boolean {
  if (isClass(filter)) return thrown instanceof filter;
  return filter(thrown);
}

/** Classes of errors, and whatever else was written as a class; any other function is a test. */
function isClass(filter: ErrorFilter): filter is abstract new (...args: never[]) => unknown {
  const prototype: unknown = filter.prototype;
  return filter === Error || prototype instanceof Error || Function.prototype.toString.call(filter).startsWith("class");
}
