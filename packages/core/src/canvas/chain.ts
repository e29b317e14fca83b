import { OptionError } from "@lovage/foundation";

import { chainBlueprint } from "./blueprint.ts";
import { CanvasWorkflow } from "./canvas-workflow.ts";
import { blueprintOf } from "./check-canvas.ts";
import type { Between, Canvas, Following, ResultOf } from "./signature.ts";

/** Steps, each of which must take the result of the one before. */
export type Linked<Steps extends readonly unknown[]> = Steps extends readonly [infer First, infer Second, ...infer Rest]
  ? readonly [First, ...LinkedAfter<First, readonly [Second, ...Rest]>]
  : Steps;

type LinkedAfter<Before, Steps extends readonly unknown[]> = Steps extends readonly [infer First, ...infer Rest]
  ? readonly [First & Following<ResultOf<Before>>, ...LinkedAfter<First, Rest>]
  : Steps;

/** A chain of steps: it needs what the first needs and results in what the last gives. */
export type ChainOf<Steps extends readonly unknown[]> = Steps extends readonly [infer Only]
  ? Between<Only, Only>
  : Steps extends readonly [infer First, ...unknown[], infer Last]
    ? Between<First, Last>
    : Between<Steps[number], Steps[number]>;

/**
 * One after the other: each step is sent when the one before has succeeded, with its result as first argument. After a group comes what takes the
 * array of its results: the two are a chord, and need a backend with joins. When a step fails for good, those after it end with the same error.
 * @throws OPTION_INVALID without any step, and for a step that is none
 */
export function chain<Steps extends readonly Canvas[]>(...steps: Steps & Linked<Steps>): ChainOf<Steps> {
  const blueprints = steps.map((step, index) => blueprintOf(step, `Step ${index + 1} of a chain`, "steps"));
  if (blueprints.length === 0) throw new OptionError("A chain needs at least one step.", { field: "steps" });
  return new CanvasWorkflow(chainBlueprint(blueprints)) as unknown as ChainOf<Steps>;
}
