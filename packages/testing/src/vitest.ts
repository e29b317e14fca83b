import { expect } from "vitest";
import { lovageMatchers, type TaskReference } from "./matchers.ts";

expect.extend({ ...lovageMatchers });

declare module "vitest" {
  // Vitest demands these parameters of whoever adds to its interface.
  interface Matchers<R extends void | Promise<void> = void | Promise<void>, T = unknown> {
    /** See `LovageMatchers.toHaveSent` of `@lovage/testing`. */
    toHaveSent(task: TaskReference, args?: readonly unknown[]): R;
    /** See `LovageMatchers.toHaveSucceeded` of `@lovage/testing`. */
    toHaveSucceeded(...value: readonly unknown[]): Promise<void>;
    /** See `LovageMatchers.toHaveFailed` of `@lovage/testing`. */
    toHaveFailed(error?: string | RegExp): Promise<void>;
  }
}
