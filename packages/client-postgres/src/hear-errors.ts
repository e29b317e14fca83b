import type { ClientBase } from "pg";

/** A statement that fails says so itself, and so does connecting; without a listener the same error would end the process. */
export function hearErrors(client: ClientBase): void {
  client.on("error", () => {});
}
