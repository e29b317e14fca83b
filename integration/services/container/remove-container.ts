import { dockerEngine } from "./docker-engine.ts";

/** Removes a container, whatever its state, with its data. It must not be there any more. */
export async function removeContainer(id: string): Promise<void> {
  const { container } = await dockerEngine();
  try {
    await container.getById(id).remove({ force: true, v: true });
  } catch (error) {
    const wasRemovedBefore = (error as { readonly statusCode?: unknown }).statusCode === 404;
    if (!wasRemovedBefore) throw error;
  }
}
