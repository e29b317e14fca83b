import { chainBlueprint } from "./blueprint.ts";
import { CanvasWorkflow } from "./canvas-workflow.ts";
import type { Between, Canvas, Following, ResultOf, Workflow } from "./signature.ts";

/**
 * A group, and a body that is sent with the array of its results once all members have succeeded; the same as `chain(header, body)`. When
 * one fails for good, the body ends with a `ChordError`. Needs a backend with joins.
 */
export function chord<Header extends Workflow<never, readonly unknown[], "many">, Body extends Canvas>(
  header: Header,
  body: Body & Following<ResultOf<Header>>,
): Between<Header, Body> {
  const blueprint = chainBlueprint([header.blueprint, body.blueprint]);
  return new CanvasWorkflow(blueprint) as unknown as Between<Header, Body>;
}
