import type { AsyncResult } from "../result/async-result.ts";
import type { Blueprint } from "./blueprint.ts";
import type { GroupResult } from "./group-result.ts";
import type { SignatureOptions, WorkflowOptions } from "./signature-options.ts";

/** Key of the types of a workflow; there is no such property. */
declare const typesKey: unique symbol;

/** Anything that can be a part of a workflow. */
export interface Canvas {
  /** What it is made of; for Lovage's own use. */
  readonly blueprint: Blueprint;
}

/** What only the compiler sees of a workflow. `needs` is a function, so that a workflow that needs a number does not pass for one that needs anything. */
interface WorkflowTypes<Needs extends readonly unknown[], Result, Shape extends "one" | "many"> {
  readonly needs: (args: Needs) => void;
  readonly result: Result;
  readonly shape: Shape;
}

/** A workflow of any kind. `Needs` are the arguments it still needs: a union where there is a choice. */
export interface Workflow<
  Needs extends readonly unknown[],
  Result,
  Shape extends "one" | "many" = "one" | "many",
> extends Canvas {
  readonly [typesKey]?: WorkflowTypes<Needs, Result, Shape>;
}

/**
 * A workflow with one result: a task with arguments (`task.s(...)`), a chain, a chord. Sends nothing by itself; a value that may be used any number of
 * times, and is never changed: each method gives a new one.
 */
export interface Signature<Needs extends readonly unknown[], Result> extends Workflow<Needs, Result, "one"> {
  /**
   * With options; those given before stay unless they are named again. In a chain or chord they are for every task in it that has
   * none of its own, and `countdown` and `eta` for the tasks that are sent first.
   */
  set(options: SignatureOptions): Signature<Needs, Result>;
  /** Something that is sent with the result when this succeeds, beside whatever else follows. */
  link(callback: Following<Result>): Signature<Needs, Result>;
  /** A task that is sent with the id of the task that failed for good: of any step of a chain; of the body for a chord. */
  onError(errback: Following<string>): Signature<Needs, Result>;
  /**
   * Sends it, with the arguments it still needs.
   * @throws OPTION_INVALID, PAYLOAD_ENCODE, PAYLOAD_TOO_LARGE, TASK_UNBOUND before any I/O; what `publish` of the transport throws
   */
  delay(...args: Needs): Promise<AsyncResult<Result>>;
  /** Sends it with options; the same as `set(options).delay(...args)`. */
  applyAsync(args: Readonly<Needs>, options?: SignatureOptions): Promise<AsyncResult<Result>>;
}

/** A workflow with many results, in the order of its members: a group, or a chain that ends in one. */
export interface GroupSignature<Needs extends readonly unknown[], Results extends readonly unknown[]> extends Workflow<
  Needs,
  Results,
  "many"
> {
  /** With options for every task in it that has none of its own. */
  set(options: WorkflowOptions): GroupSignature<Needs, Results>;
  /** A task that is sent with the id of each task that failed for good. */
  onError(errback: Following<string>): GroupSignature<Needs, Results>;
  /** Sends it. Each member gets the arguments it still needs. @throws as `Signature.delay` */
  delay(...args: Needs): Promise<GroupResult<Results>>;
  /** Sends it with options. */
  applyAsync(args: Readonly<Needs>, options?: WorkflowOptions): Promise<GroupResult<Results>>;
}

/** A workflow that may come after a value: it takes just this one, or (immutable) none. */
export type Following<Value> = Workflow<[Value], unknown>;

/** What an immutable signature needs: it may come after anything. */
export type NeedsNothing = [] | [unknown];

/** The arguments a workflow still needs. */
export type NeedsOf<Part> = Part extends {
  readonly [typesKey]?: { readonly needs: (args: infer Needs extends readonly unknown[]) => void };
}
  ? Needs
  : never;

/** What a workflow results in; the array of results for one with many. */
export type ResultOf<Part> = Part extends { readonly [typesKey]?: { readonly result: infer Result } } ? Result : never;

/** Whether a workflow has one result or many. */
export type ShapeOf<Part> = Part extends { readonly [typesKey]?: { readonly shape: infer Shape } } ? Shape : never;

/** A workflow that needs what `First` needs and ends as `Last` ends. */
export type Between<First, Last> =
  "many" extends ShapeOf<Last>
    ? GroupSignature<NeedsOf<First>, ResultOf<Last> extends readonly unknown[] ? ResultOf<Last> : never>
    : Signature<NeedsOf<First>, ResultOf<Last>>;
