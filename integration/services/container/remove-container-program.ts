import process from "node:process";
import { dockerEngine } from "./docker-engine.ts";

// Started by a guard when the process that had started the container is gone.
const { container } = await dockerEngine();
const handle = container.getById(process.argv[2] ?? "");
try {
  await handle.remove({ force: true, v: true });
} catch (error) {
  const wasRemovedBefore = (error as { readonly statusCode?: unknown }).statusCode === 404;
  if (!wasRemovedBefore) throw error;
}
