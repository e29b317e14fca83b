import { celeryCatalogue } from "./celery-catalogue.ts";

/** A Celery that could be tested with is not there. The message tells every way out. */
export class CeleryMissingError extends Error {
  override readonly name = "CeleryMissingError";

  /** @param reasons Why nothing was found, one sentence each. */
  constructor(reasons: readonly string[]) {
    const { system, container } = celeryCatalogue;
    const waysOut = `Set ${system.variable} (a Python that has Celery) or ${container.variable} (an image), or install it: ${system.install}.`;
    super(`A Celery is not covered. ${reasons.join(" ")} ${waysOut}`);
  }
}
