import type { ContainerRuntimeClient } from "testcontainers";

const answerMs = 20_000;
const pullMs = 300_000;

/**
 * The engine that testcontainers finds: DOCKER_HOST, the usual sockets, or what ~/.testcontainers.properties names.
 * @throws Error when none answers
 */
export async function dockerEngine(): Promise<ContainerRuntimeClient> {
  // Only those who have come this far wait for it to load.
  const { getContainerRuntimeClient } = await import("testcontainers");
  return await within(getContainerRuntimeClient(), answerMs, "No Docker engine answers");
}

/**
 * Sees to it that the engine has an image.
 * @throws Error when it can neither be found nor pulled
 */
export async function provideImage(engine: ContainerRuntimeClient, image: string): Promise<void> {
  const { ImageName } = await import("testcontainers");
  const name = ImageName.fromString(image);
  if (await engine.image.exists(name)) return;
  await within(engine.image.pull(name), pullMs, `The image ${image} could not be pulled`);
}

/** What testcontainers waits for has no deadline of its own. */
async function within<T>(work: Promise<T>, ms: number, complaint: string): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error(`not within ${ms} ms`)), ms);
  try {
    return await Promise.race([work, late.promise]);
  } catch (error) {
    throw new Error(`${complaint}: ${(error as Error).message}.`, { cause: error });
  } finally {
    clearTimeout(timer);
  }
}
