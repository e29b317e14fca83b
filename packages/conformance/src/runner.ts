/** What a running case is given by the test runner. */
export interface CaseContext {
  /** Marks the running case as not run and tells why. Whether it also ends the case is the runner's choice. */
  skip(reason: string): void;
}

/** Registers one case. `timeoutMs` is an outer bound: the kit's own deadlines are shorter and say more. */
export type RegisterCase = (name: string, body: (context: CaseContext) => Promise<void>, timeoutMs: number) => void;

/**
 * The parts of a test runner that the kit needs, so that it depends on none. vitest has them as they are:
 * `import { afterAll, describe, it } from "vitest"`; `node:test` has them too, under `after` in place of `afterAll`.
 */
export interface TestRunner {
  /** Groups what its body registers. */
  readonly describe: (name: string, body: () => void) => void;
  /** Registers a case. `concurrent`, where there is one, registers a case that runs beside its neighbours. */
  readonly it: RegisterCase & { readonly concurrent?: RegisterCase };
  /** Registers what happens after the last case of a group. */
  readonly afterAll: (body: () => Promise<void>, timeoutMs: number) => void;
}
