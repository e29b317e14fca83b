import type { Backend } from "@lovage/backend";
import type { BackendHarness } from "./backend-harness.ts";
import { Bench } from "./bench.ts";

/** A part of a backend that a case needs. */
export type BackendPart = "results" | "joins" | "coordination" | "schedules";

/** One promise of the contract. */
export interface BackendCase {
  /** A sentence that says what holds. */
  readonly name: string;
  readonly needs: readonly BackendPart[];
  /** Why the case does not apply to this backend, by its capabilities; `undefined` where it does. */
  readonly excludedBy?: (backend: Backend) => string | undefined;
  /** The store's time passes in it, so it cannot share a store with other cases. */
  readonly passesTime?: true;
  readonly run: (bench: Bench) => Promise<void>;
}

/** The cases of one concern. */
export interface BackendConcern {
  readonly concern: string;
  readonly cases: readonly BackendCase[];
}

/** Why a case does not apply to a backend; `undefined` where it does. */
export function reasonToSkip({ needs, excludedBy }: BackendCase, backend: Backend): string | undefined {
  const missing = needs.filter((part) => backend[part] === undefined);
  if (missing.length > 0) return `the backend has no ${missing.join(" and no ")}`;
  return excludedBy?.(backend);
}

/** Cases that need results which any process may read. */
export function callerOnly(backend: Backend): string | undefined {
  return backend.capabilities.readers === "caller" ? "only the caller reads its results" : undefined;
}

/**
 * Runs a case on a backend of its own; gives the reason where it does not apply.
 * @param patienceMs How long the case waits for what must come.
 */
export async function runCase(
  each: BackendCase,
  harness: BackendHarness,
  patienceMs: number,
): Promise<string | undefined> {
  const backend = await harness.open();
  const bench = new Bench(backend, harness, patienceMs);
  try {
    const reason = reasonToSkip(each, backend);
    if (reason === undefined) await each.run(bench);
    return reason;
  } finally {
    await bench.close();
    await backend.close();
  }
}
