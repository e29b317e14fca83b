import { OptionError } from "@lovage/foundation";

import type { Blueprint, TaskBlueprint } from "./blueprint.ts";

/** What stands in a workflow, however deep, with what its tasks link to. */
export interface BlueprintParts {
  readonly tasks: readonly TaskBlueprint[];
  /** It cannot run without a backend that has joins. */
  readonly needsJoins: boolean;
}

/** Takes workflows that are sent together apart. */
export function partsOfBlueprints(blueprints: readonly Blueprint[]): BlueprintParts {
  const tasks: TaskBlueprint[] = [];
  const errbacks = new Set<Blueprint>();
  let needsJoins = false;
  const walk = (part: Blueprint): void => {
    if (part.kind === "task") {
      tasks.push(part);
      part.callbacks.forEach(walk);
      // All steps of a chain have the same one, which is sent for the one that fails.
      for (const errback of part.errbacks) {
        if (errbacks.has(errback)) continue;
        errbacks.add(errback);
        walk(errback);
      }
      return;
    }
    if (part.kind === "chord") {
      needsJoins ||= part.header.length > 0;
      [...part.header, part.body].forEach(walk);
      return;
    }
    (part.kind === "chain" ? part.steps : part.members).forEach(walk);
  };
  blueprints.forEach(walk);
  return { tasks, needsJoins };
}

/**
 * Two tasks of one id would be taken for two copies of one message: a chord would wait for the second for ever, a chain would leave it out.
 * @param taken An id that another task has.
 * @throws OPTION_INVALID
 */
export function checkTaskIds({ tasks }: BlueprintParts, taken?: string): void {
  const seen = new Set([taken]);
  for (const { options } of tasks) {
    const { taskId } = options;
    if (taskId === undefined) continue;
    if (seen.has(taskId)) {
      throw new OptionError(
        `taskId "${taskId}" is given to two tasks of one workflow: each needs an id of its own, or none.`,
        { field: "taskId" },
      );
    }
    seen.add(taskId);
  }
}
