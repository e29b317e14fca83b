import { catalogue } from "../catalogue.ts";
import type { Guard } from "../guard/guard.ts";
import type { ServiceName } from "../service-name.ts";
import { containerSettings } from "./container-settings.ts";
import { GuardedContainer } from "./guarded-container.ts";
import { IsRunning } from "./is-running.ts";

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
  /** To be released once the container was removed. */
  readonly guard: Guard;
}

/**
 * Starts a container of a service's image, which the engine must have.
 * @throws Error when the container ends at once
 */
export async function startContainer({ name, port, settings }: ContainerStart): Promise<RunningContainer> {
  const { container } = catalogue[name];
  const { command, files = [] } = containerSettings(name, settings);
  const wanted = new GuardedContainer(container.image);
  wanted
    .withExposedPorts({ container: container.port, host: port })
    .withEnvironment({ ...container.environment })
    .withCopyContentToContainer([...files])
    .withWaitStrategy(new IsRunning());
  if (command !== undefined) wanted.withCommand([...command]);
  const started = await wanted.start();
  const { guard } = wanted;
  if (guard === undefined) throw new Error(`The container of ${container.image} has no guard.`);
  return { id: started.getId(), host: started.getHost(), guard };
}
