import { chainBlueprint } from "./blueprint.ts";
import { CanvasWorkflow } from "./canvas-workflow.ts";
import { blueprintOf } from "./check-canvas.ts";
import type { Between, Canvas, Following, ResultOf, Workflow } from "./signature.ts";

/**
 * A group, and a body that is sent with the array of its results once all members have succeeded; the same as `chain(header, body)`. When
 * one fails for good, the body ends with a `ChordError`. Needs a backend with joins.
 * @throws OPTION_INVALID for a header or a body that is none
 */
export function chord<Header extends Workflow<never, readonly unknown[], "many">, Body extends Canvas>(
  header: Header,
  body: Body & Following<ResultOf<Header>>,
): Between<Header, Body> {
  const blueprint = chainBlueprint([
    blueprintOf(header, "The header of a chord", "header"),
    blueprintOf(body, "The body of a chord", "body"),
  ]);
  return new CanvasWorkflow(blueprint) as unknown as Between<Header, Body>;
}
