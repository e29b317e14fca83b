import type { Backend, BackendCapabilities, Coordination, Joins, Results, Schedules } from "@lovage/backend";

/**
 * One backend for results whose locks and limits live in another. Closing and sweeping mean both.
 * @param main Without it there are no results, only coordination.
 */
export function combineBackends(main: Backend | undefined, coordinating: Backend): Backend {
  return new CombinedBackend(main, coordinating);
}

/** Who else sees the locks and limits of a backend, which may live in another store than its results. */
export function coordinationReach(backend: Backend): BackendCapabilities["reach"] {
  return backend instanceof CombinedBackend ? backend.coordinationReach : backend.capabilities.reach;
}

class CombinedBackend implements Backend {
  readonly capabilities: BackendCapabilities;
  readonly coordinationReach: BackendCapabilities["reach"];
  declare readonly results?: Results;
  declare readonly joins?: Joins;
  declare readonly coordination?: Coordination;
  declare readonly schedules?: Schedules;
  declare readonly serverTimeMs?: () => Promise<number>;
  readonly #parts: readonly Backend[];

  constructor(main: Backend | undefined, coordinating: Backend) {
    this.capabilities = (main ?? coordinating).capabilities;
    this.coordinationReach = coordinating.capabilities.reach;
    const { results, joins, schedules } = main ?? {};
    const serverTimeMs = coordinating.serverTimeMs?.bind(coordinating);
    const parts = { results, joins, schedules, coordination: coordinating.coordination, serverTimeMs };
    Object.assign(this, Object.fromEntries(Object.entries(parts).filter(([, part]) => part !== undefined)));
    this.#parts = main === undefined ? [coordinating] : [main, coordinating];
  }

  async sweep(): Promise<number> {
    const counts = await Promise.all(this.#parts.map((part) => part.sweep()));
    return counts.reduce((sum, count) => sum + count, 0);
  }

  async close(): Promise<void> {
    await Promise.all(this.#parts.map((part) => part.close()));
  }
}
