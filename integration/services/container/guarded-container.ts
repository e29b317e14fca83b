import process from "node:process";
import { fileURLToPath } from "node:url";
import { GenericContainer } from "testcontainers";
import { Guard } from "../guard/guard.ts";
import { containerLog } from "./container-log.ts";
import { removeContainer } from "./remove-container.ts";

const removeProgram = fileURLToPath(new URL("remove-container-program.ts", import.meta.url));

/** A container that is removed when this process ends, by whatever death: from its creation on, before it starts. */
export class GuardedContainer extends GenericContainer {
  #created: { readonly id: string; readonly guard: Guard } | undefined;

  constructor(image: string) {
    super(image);
    // Testcontainers' own container for that would be a second image to pull.
    this.withAutoCleanup(false);
  }

  /** The last lines that it has written. */
  async log(): Promise<string> {
    return this.#created === undefined ? "" : await containerLog(this.#created.id);
  }

  /** Removes it now, with its data, also when it was created and did not start. */
  async remove(): Promise<void> {
    if (this.#created === undefined) return;
    await removeContainer(this.#created.id);
    await this.#created.guard.release();
  }

  protected override containerCreated = (id: string): Promise<void> => {
    this.#created = { id, guard: new Guard([process.execPath, removeProgram, id]) };
    return Promise.resolve();
  };
}
