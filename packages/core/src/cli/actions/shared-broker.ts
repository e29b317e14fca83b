import type { Connection } from "@lovage/transport";
import { FeatureUnsupportedError } from "@lovage/transport";
import type { App } from "../../app/app.ts";
import { runtimeOf } from "../../app/runtime-of.ts";

/** The app's connection, to a broker that other processes see too. @throws FEATURE_UNSUPPORTED for one inside this process */
export async function sharedBroker(app: App): Promise<Connection> {
  const connection = await runtimeOf(app).connection();
  if (connection.capabilities.reach !== "process") return connection;
  throw new FeatureUnsupportedError(
    `The broker of app "${app.name}" lives inside one process, and this command is another one: it would see only what is its own. ` +
      "Use a broker that processes share, such as sqlite:.lovage/queue.db (--broker).",
  );
}
