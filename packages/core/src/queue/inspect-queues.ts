import { hasCode } from "@lovage/foundation";
import type { QueueAdmin, QueueStats } from "@lovage/transport";
import type { App } from "../app/app.ts";
import { queueIfRouted } from "../app/queue-if-routed.ts";
import { configurationOf, runtimeOf } from "../app/runtime-of.ts";

type Admin = Pick<QueueAdmin, "inspect" | "list">;

/**
 * The counts of the queues that the broker lists, and of those of the app, in order of name. RabbitMQ lists only what the same connection has
 * declared, and a command has declared nothing.
 */
export async function inspectQueues(app: App, admin: Admin): Promise<readonly QueueStats[]> {
  const listed = await admin.list();
  const others = [...queuesOf(app)].filter((queue) => !listed.includes(queue));
  const stats = await Promise.all([
    listed.length === 0 ? [] : admin.inspect(listed),
    ...others.map((queue) => inspectIfThere(admin, queue)),
  ]);
  return stats.flat().toSorted((one, other) => (one.queue < other.queue ? -1 : 1));
}

function queuesOf(app: App): ReadonlySet<string> {
  const configuration = configurationOf(app);
  const runtime = runtimeOf(app);
  const names = runtime.tasks.names();
  const routed = names.map((name) => queueIfRouted(runtime, name)).filter((queue) => queue !== undefined);
  return new Set([configuration.settings.defaultQueue, ...configuration.queues.keys(), ...routed]);
}

async function inspectIfThere(admin: Admin, queue: string): Promise<readonly QueueStats[]> {
  try {
    return await admin.inspect([queue]);
  } catch (error) {
    if (hasCode(error, "QUEUE_NOT_FOUND")) return [];
    throw error;
  }
}
