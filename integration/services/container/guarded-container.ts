import process from "node:process";
import { fileURLToPath } from "node:url";
import { GenericContainer } from "testcontainers";
import { Guard } from "../guard/guard.ts";

const removeProgram = fileURLToPath(new URL("remove-container-program.ts", import.meta.url));

/** A container that is removed when this process ends, by whatever death: from its creation on, before it starts. */
export class GuardedContainer extends GenericContainer {
  #guard: Guard | undefined;

  constructor(image: string) {
    super(image);
    // Testcontainers' own container for that would be a second image to pull.
    this.withAutoCleanup(false);
  }

  /** Absent until the container has been created. */
  get guard(): Guard | undefined {
    return this.#guard;
  }

  protected override containerCreated = (id: string): Promise<void> => {
    this.#guard = new Guard([process.execPath, removeProgram, id]);
    return Promise.resolve();
  };
}
