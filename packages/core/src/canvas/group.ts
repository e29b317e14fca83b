import { OptionError, quoteValue } from "@lovage/foundation";

import { groupBlueprint } from "./blueprint.ts";
import { CanvasWorkflow } from "./canvas-workflow.ts";
import { blueprintOf } from "./check-canvas.ts";
import type { Canvas, GroupSignature, NeedsOf, ResultOf, ShapeOf } from "./signature.ts";

/** What all members need: an argument list that each of them takes. */
export type GroupNeeds<Members extends readonly unknown[]> = Members extends readonly []
  ? []
  : Boxed<Members[number]> extends (box: infer Box extends { readonly needs: readonly unknown[] }) => void
    ? Box["needs"]
    : never;

type Boxed<Part> = Part extends unknown ? (box: { readonly needs: NeedsOf<Part> }) => void : never;

/** Results of all members, in order; a group among them gives those of its own members. */
export type GroupResults<Members extends readonly unknown[]> = Members extends readonly [infer First, ...infer Rest]
  ? [...ResultsOf<First>, ...GroupResults<Rest>]
  : Members extends readonly []
    ? []
    : ResultsOf<Members[number]>[number][];

type ResultsOf<Part> =
  "many" extends ShapeOf<Part>
    ? ResultOf<Part> extends readonly unknown[]
      ? ResultOf<Part>
      : never
    : [ResultOf<Part>];

/**
 * Side by side: all members are sent at once, as one batch.
 * @throws OPTION_INVALID for what is no array of signatures and workflows; an empty group only when it is sent by itself
 */
export function group<const Members extends readonly Canvas[]>(
  members: Members,
): GroupSignature<GroupNeeds<Members>, GroupResults<Members>> {
  checkList(members);
  const blueprint = groupBlueprint(
    members.map((member, index) => blueprintOf(member, `Member ${index + 1} of a group`, "members")),
  );
  return new CanvasWorkflow(blueprint) as unknown as GroupSignature<GroupNeeds<Members>, GroupResults<Members>>;
}

function checkList(members: unknown): void {
  if (Array.isArray(members)) return;
  throw new OptionError(`A group takes an array of signatures; it was given ${quoteValue(members)}.`, {
    field: "members",
  });
}
