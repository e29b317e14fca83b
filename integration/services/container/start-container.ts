import process from "node:process";
import { catalogue } from "../catalogue.ts";
import type { ServiceName } from "../service-name.ts";
import { containerSettings } from "./container-settings.ts";
import { GuardedContainer } from "./guarded-container.ts";
import { IsRunning } from "./is-running.ts";

/** The label that says which process a container belongs to. */
export const ownerLabel = "lovage.owner";

/** What to start. */
export interface ContainerStart {
  readonly name: ServiceName;
  /** The port of this machine that it is reached by; it stays the same when the container starts again. */
  readonly port: number;
  readonly settings: readonly string[];
}

/** A container that runs, though its server may not answer yet. */
export interface RunningContainer {
  readonly id: string;
  /** The engine's machine, as seen from here. */
  readonly host: string;
  /** Removes it, with its data. */
  remove(): Promise<void>;
}

/**
 * Starts a container of a service's image, which the engine must have.
 * @throws Error when it does not start or ends at once, with what it has written; nothing of it is left
 */
export async function startContainer({ name, port, settings }: ContainerStart): Promise<RunningContainer> {
  const { container } = catalogue[name];
  const { command, files = [] } = containerSettings(name, settings);
  const wanted = new GuardedContainer(container.image);
  wanted
    .withExposedPorts({ container: container.port, host: port })
    .withEnvironment({ ...container.environment })
    .withLabels({ [ownerLabel]: String(process.pid) })
    .withCopyContentToContainer([...files])
    .withWaitStrategy(new IsRunning());
  if (command !== undefined) wanted.withCommand([...command]);
  try {
    const started = await wanted.start();
    return { id: started.getId(), host: started.getHost(), remove: async () => await wanted.remove() };
  } catch (error) {
    const log = await wanted.log();
    await wanted.remove();
    throw new Error(`${(error as Error).message}\n${log}`.trimEnd(), { cause: error });
  }
}
