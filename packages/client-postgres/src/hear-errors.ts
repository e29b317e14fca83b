import type { ClientBase } from "pg";

/** A statement that fails says so itself, and so does connecting; without a listener the same error would end the process. Gives what ends it. */
export function hearErrors(client: ClientBase): () => void {
  const hear = (): void => {};
  client.on("error", hear);
  return () => client.off("error", hear);
}
