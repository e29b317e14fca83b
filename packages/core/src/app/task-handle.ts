import type { TaskBindings } from "./task-bindings.ts";
import type { TaskDeclaration } from "./task-declaration.ts";

/** What a task's callable carries for apps to find. */
export interface TaskHandle {
  readonly declaration: TaskDeclaration;
  /** Of a task made by `defineTask`: the apps it is bound to. */
  readonly bindings?: TaskBindings;
}

/** Registered, so that a task of another copy of this package is known as one. */
const key = Symbol.for("lovage.task");

/** Makes a function a task. */
export function attachHandle(callable: object, handle: TaskHandle): void {
  Object.defineProperty(callable, key, { value: handle });
}

/** The handle of a task; `undefined` for what is none. */
export function handleOf(value: unknown): TaskHandle | undefined {
  return typeof value === "function" ? (Reflect.get(value, key) as TaskHandle | undefined) : undefined;
}
