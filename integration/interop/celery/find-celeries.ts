import process from "node:process";
import { CeleryMissingError } from "./celery-missing-error.ts";
import type { Celery } from "./celery.ts";
import { containerCelery } from "./container-celery.ts";
import { systemCelery } from "./system-celery.ts";

/** Every Celery that is there, and what is not covered, in sentences. */
export interface FoundCeleries {
  readonly celeries: readonly Celery[];
  readonly notCovered: readonly string[];
}

/**
 * Looks for Celery in every place where it may be.
 * @throws Error for one that the environment names and that is not there; when there is none at all and `LOVAGE_TEST_REQUIRE` demands it
 */
export async function findCeleries(): Promise<FoundCeleries> {
  const celeries: Celery[] = [];
  const notCovered: string[] = [];
  for (const find of [systemCelery, containerCelery]) {
    try {
      celeries.push(await find());
    } catch (error) {
      if (!(error instanceof CeleryMissingError)) throw error;
      notCovered.push(error.message);
    }
  }
  if (celeries.length === 0 && isRequired()) throw new CeleryMissingError(notCovered);
  return { celeries, notCovered };
}

/** One release will do: which others there are depends on the machine. */
function isRequired(): boolean {
  const required = (process.env["LOVAGE_TEST_REQUIRE"] ?? "").split(",");
  return required.includes("all") || required.includes("celery");
}
