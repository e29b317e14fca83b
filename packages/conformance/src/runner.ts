/**
 * What the kits need of a test runner; they depend on none. The functions of vitest, Jest and `node:test` fit as they are:
 * `runner: { describe, it }`.
 */
export interface TestRunner {
  /** Groups cases. `body` registers them and is synchronous. */
  readonly describe: (name: string, body: () => void) => void;
  /** Registers a case. */
  readonly it: TestCase;
}

/** Registers a case; it fails when the promise rejects. */
export interface TestCase {
  /** @param timeoutMs How long the case may take. @default the runner's own */
  (name: string, body: () => Promise<void>, timeoutMs?: number): void;
  /** Registers a case that is not run; its name tells the reason. */
  readonly skip: (name: string, body: () => Promise<void>) => void;
}
