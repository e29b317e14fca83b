import type { ClientBase } from "pg";

const ignore = (): void => {};

/** A statement that fails says so itself, and so does connecting; without a listener the same error would end the process. Gives what ends it. */
export function hearErrors(client: ClientBase): () => void {
  client.on("error", ignore);
  return () => client.off("error", ignore);
}
