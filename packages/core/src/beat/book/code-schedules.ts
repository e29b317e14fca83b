import { ConfigurationError } from "@lovage/foundation";
import type { ScheduleDefinition } from "../definition/schedule-definition.ts";

/** The schedules that an app's code and configuration tell of. */
export class CodeSchedules {
  readonly #own = new Map<string, ScheduleDefinition>();
  readonly #configured: () => ReadonlyMap<string, ScheduleDefinition>;

  /** @param configured Those of the configuration, as it is now. */
  constructor(configured: () => ReadonlyMap<string, ScheduleDefinition>) {
    this.#configured = configured;
  }

  /** @throws CONFIGURATION_INVALID when there is one of that name already */
  add(definition: ScheduleDefinition): void {
    if (this.#own.has(definition.name)) {
      throw new ConfigurationError(
        `There is a schedule "${definition.name}" already: each name stands for one in an app.`,
      );
    }
    this.#own.set(definition.name, definition);
  }

  /** How many `app.schedule` has added; a beat that runs copies them when it grows. */
  get added(): number {
    return this.#own.size;
  }

  /** All of them by name; the app's own stand above those of the configuration. */
  all(): ReadonlyMap<string, ScheduleDefinition> {
    return new Map([...this.#configured(), ...this.#own]);
  }
}
