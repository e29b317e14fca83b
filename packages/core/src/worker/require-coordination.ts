import type { Backend } from "@lovage/backend";
import { FeatureUnsupportedError } from "@lovage/transport";
import type { Connection } from "@lovage/transport";
import type { AppRuntime } from "../app/app-runtime.ts";
import { coordinationReach } from "../app/combine-backends.ts";

/** Sees to it that rate limits are kept where all workers of the broker see them. @throws FEATURE_UNSUPPORTED */
export function requireCoordination(
  { name, tasks }: AppRuntime,
  { capabilities }: Connection,
  backend: Backend | undefined,
): void {
  const limited = tasks.names().find((task) => {
    const { run, options } = tasks.get(task) ?? {};
    return run !== undefined && options?.rateLimit !== undefined;
  });
  if (limited === undefined) return;
  if (backend?.coordination === undefined) {
    throw new FeatureUnsupportedError(
      `Task "${limited}" has a rateLimit, and that needs a backend with coordination, such as memory:, sqlite: or redis:. Give the app one (backend or coordination), or remove the limit.`,
    );
  }
  if (capabilities.reach === "process" || coordinationReach(backend) !== "process") return;
  throw new FeatureUnsupportedError(
    `Task "${limited}" has a rateLimit, which is to hold over all workers, and app "${name}" keeps limits inside one process (memory:) while its broker serves others too. Give it a backend or a coordination that they share, such as sqlite: or redis:, or remove the limit.`,
  );
}
