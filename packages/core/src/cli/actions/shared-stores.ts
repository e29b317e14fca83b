import type { Backend } from "@lovage/backend";
import type { Connection } from "@lovage/transport";
import { FeatureUnsupportedError } from "@lovage/transport";
import type { App } from "../../app/app.ts";
import { runtimeOf } from "../../app/runtime-of.ts";
import { NoResultBackendError } from "../../result/errors.ts";

/** The app's connection, to a broker that other processes see too. @throws FEATURE_UNSUPPORTED for one inside this process */
export async function sharedBroker(app: App): Promise<Connection> {
  const connection = await runtimeOf(app).connection();
  checkReach(connection, { app, part: "broker", flag: "--broker" });
  return connection;
}

/** Makes sure that results of other processes can be read here. @throws NO_RESULT_BACKEND, FEATURE_UNSUPPORTED */
export async function checkSharedBackend(app: App): Promise<void> {
  const backend = await runtimeOf(app).backend();
  if (backend === undefined) {
    throw new NoResultBackendError(
      `App "${app.name}" has no result backend: give createApp a \`backend\`, or this command --result-backend.`,
    );
  }
  checkReach(backend, { app, part: "result backend", flag: "--result-backend" });
}

/** Makes sure that results of calls that other processes sent can be read here. @throws NO_RESULT_BACKEND, FEATURE_UNSUPPORTED */
export async function checkReadableResults(app: App): Promise<void> {
  await checkSharedBackend(app);
  const backend = await runtimeOf(app).backend();
  if (backend?.capabilities.readers !== "caller") return;
  throw new FeatureUnsupportedError(
    `The result backend of app "${app.name}" is rpc: a result goes to the process that sent the call, and to no other one. ` +
      `Use \`lovage call --wait\`, or a backend that keeps results, such as redis: or postgres: (--result-backend).`,
  );
}

function checkReach(
  { capabilities }: Pick<Connection | Backend, "capabilities">,
  { app, part, flag }: { readonly app: App; readonly part: string; readonly flag: string },
): void {
  if (capabilities.reach !== "process") return;
  throw new FeatureUnsupportedError(
    `The ${part} of app "${app.name}" lives inside one process, and this command is another one: it would see only what is its own. ` +
      `Use one that processes share, such as sqlite:.lovage/queue.db (${flag}).`,
  );
}
