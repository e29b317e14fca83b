import type { Backend, PutOutcome, ResultPut, Results } from "@lovage/backend";
import type { Life } from "./life.ts";

/** A backend in which the dead store no results. */
export function mortalBackend(backend: Backend, life: Life): Backend {
  const { results } = backend;
  if (results === undefined) return backend;
  const put = (puts: readonly ResultPut[]): Promise<readonly PutOutcome[]> => life.during(() => results.put(puts));
  const mortal: Results = {
    put,
    get: (taskIds) => results.get(taskIds),
    watch: (taskIds, listener) => results.watch(taskIds, listener),
    forget: (taskIds) => results.forget(taskIds),
    revocations: (options) => results.revocations(options),
  };
  return {
    capabilities: backend.capabilities,
    results: mortal,
    ...(backend.joins && { joins: backend.joins }),
    ...(backend.coordination && { coordination: backend.coordination }),
    ...(backend.schedules && { schedules: backend.schedules }),
    ...(backend.serverTimeMs && { serverTimeMs: backend.serverTimeMs.bind(backend) }),
    sweep: () => backend.sweep(),
    close: () => backend.close(),
  };
}
