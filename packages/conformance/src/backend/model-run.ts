import type { Backend } from "@lovage/backend";
import { systemClock } from "@lovage/foundation";
import * as fc from "fast-check";
import type { CaseContext } from "../runner.ts";
import type { BackendPart } from "./backend-case.ts";
import { reasonToSkip } from "./backend-case.ts";
import type { BackendHarness } from "./backend-harness.ts";

/** How often and from where a model-based test runs. */
export interface BackendModelOptions {
  /** Sequences of commands that are tried. @default 50 */
  readonly runs?: number;
  /** Commands in a sequence, at most. @default 40 */
  readonly commands?: number;
  /** Repeats a failure, with its path: both are in the failure's message. @default fast-check's own */
  readonly seed?: number;
  readonly path?: string;
  /**
   * How far waiting times may be off, in ms: more than 1 for a store whose clock nobody can stop. Then the time that the commands before took is
   * allowed as well, so that a busy machine is no defect.
   * @default 1
   */
  readonly toleranceMs?: number;
}

/** What the commands of a model act on: a backend opened twice, whose time can pass. */
export interface ModelledStore {
  /** The two backends, which must look alike. */
  readonly backends: readonly [Backend, Backend];
  advance(ms: number): Promise<void>;
  readonly toleranceMs: number;
}

/** A part of the contract as a model: commands that act on a small reference and on the store alike. */
export interface BackendModel<Reference extends object> {
  readonly name: string;
  readonly needs: readonly BackendPart[];
  readonly reference: () => Reference;
  readonly commands: readonly fc.Arbitrary<fc.AsyncCommand<Reference, ModelledStore>>[];
}

/** Compares store and reference over random sequences of commands; a failure is shrunk and tells its seed and path. */
export async function modelRun<Reference extends object>(
  model: BackendModel<Reference>,
  run: BackendModelOptions & { readonly make: () => Promise<BackendHarness>; readonly context: CaseContext },
): Promise<void> {
  const { make, context, runs = 50, commands = 40, seed, path, toleranceMs = 1 } = run;
  let skipped: string | undefined;
  const property = fc.asyncProperty(fc.commands([...model.commands], { maxCommands: commands }), async (sequence) => {
    skipped ??= await withStore(make, async (store) => {
      const reason = reasonToSkip({ name: model.name, needs: model.needs, run: async () => {} }, store.backends[0]);
      if (reason !== undefined) return reason;
      const real = toleranceMs > 1 ? withRunningClock(store, toleranceMs) : { ...store, toleranceMs };
      await fc.asyncModelRun(() => ({ model: model.reference(), real }), sequence);
      return undefined;
    });
  });
  await fc.assert(property, {
    numRuns: runs,
    ...(seed === undefined ? {} : { seed }),
    ...(path === undefined ? {} : { path }),
  });
  if (skipped !== undefined) context.skip(skipped);
}

/** The reference's time stands still between the commands, the store's does not. */
function withRunningClock(store: Omit<ModelledStore, "toleranceMs">, toleranceMs: number): ModelledStore {
  const startedAtMs = systemClock.monotonic();
  return {
    ...store,
    get toleranceMs() {
      return toleranceMs + systemClock.monotonic() - startedAtMs;
    },
  };
}

async function withStore<T>(
  make: () => Promise<BackendHarness>,
  work: (store: Omit<ModelledStore, "toleranceMs">) => Promise<T>,
): Promise<T> {
  const harness = await make();
  const backends = [await harness.open(), await harness.open()] as const;
  try {
    return await work({ backends, advance: (ms) => harness.advance(ms) });
  } finally {
    await Promise.all(backends.map((backend) => backend.close()));
    await harness.dispose();
  }
}
